// The Date field of HTTP (IMF-fixdate).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::http {

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(WallTime time);

// The present time, written once per second and thread. Valid until this thread's next call.
std::string_view HttpDateNow(const Clock& clock);

}  // namespace sluice::http
