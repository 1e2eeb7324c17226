// A unary request in the query of a GET: "?connect=v1&encoding=json&base64=1&compression=gzip&message=…".
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::connect {

struct GetQuery {
  std::string encoding;     // "json", "proto", or what else was sent
  std::string compression;  // "" = none
  std::string message;      // decoded: its bytes, as a POST would have them in its body
};

// Other parameters are skipped. INVALID_REQUEST naming the parameter: `encoding` or `message` is missing, one cannot be
// decoded, `connect` is another version.
absl::StatusOr<GetQuery> ReadGetQuery(std::string_view query);

}  // namespace sluice::connect
