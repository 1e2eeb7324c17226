// The server's configuration: proto/ai/inference/config/server.proto, filled from YAML. Read once at start, then passed
// in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "base/config/file.h"

namespace sluice {

namespace config = ai::inference::config;

// The embedded defaults (src/base/config/defaults.yaml).
config::Server DefaultConfig();

// The file at `path` over the defaults; an empty path: the defaults. Errors read "file:line: what is wrong, what is
// possible". A pipe can be read once.
absl::StatusOr<config::Server> LoadConfig(const std::string& path, Pipes pipes = Pipes::kRead);

// The same for text; `file` is only for the messages.
absl::StatusOr<config::Server> ParseConfig(std::string_view text, std::string_view file);

// The same for replicas that are configured alike, though each has addresses of its own and says of itself in its spans
// which one it is.
uint64_t HashOfConfig(const config::Server& server);

}  // namespace sluice
