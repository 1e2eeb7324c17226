// Request ids: UUIDv7 (RFC 9562), sortable by time.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace sluice {

// "0192f3c4-…", 36 characters.
std::string NewUuidV7(WallTime now, Random& random);

// A request id taken from a client: 1 to 128 visible ASCII characters, nothing that could break a log line.
bool IsAcceptableRequestId(std::string_view id);

}  // namespace sluice
