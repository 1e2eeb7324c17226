// The Date field of HTTP (IMF-fixdate).
#pragma once

#include <string>

#include "base/clock.h"

namespace sluice::http {

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(WallTime time);

}  // namespace sluice::http
