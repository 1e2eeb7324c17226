// Headers for a collector of traces, as "name=value". They are often secrets: no error shows a value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// The error: it is no header, or one that the exporter sets itself.
absl::Status CheckCollectorHeader(std::string_view header);

// OpenTelemetry's list of them: separated by commas, names and values percent-encoded.
absl::StatusOr<std::vector<std::string>> ParseCollectorHeaders(std::string_view list);

}  // namespace sluice
