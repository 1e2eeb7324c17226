// How long a client is willing to wait, as its headers say. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/headers.h"

namespace sluice {

// grpc-timeout: 1 to 8 digits and a unit, H M S m u n. Nothing when malformed.
std::optional<Duration> ParseGrpcTimeout(std::string_view value);

// Connect-Timeout-Ms: 1 to 10 digits. Nothing when malformed.
std::optional<Duration> ParseConnectTimeout(std::string_view value);

// X-Request-Timeout: seconds, decimal ("1.5"). Nothing when malformed or negative.
std::optional<Duration> ParseSecondsTimeout(std::string_view value);

}  // namespace sluice
