// The configuration's HTTP part as the HTTP core takes it.
#pragma once

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "transport/http/server.h"

namespace sluice {

absl::StatusOr<http::ServerOptions> HttpOptionsOf(const ai::inference::config::Server& options);

}  // namespace sluice
