// The configuration's HTTP part as the HTTP core and the codecs take it.
#pragma once

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "transport/context.h"
#include "transport/http/server.h"

namespace sluice {

absl::StatusOr<http::ServerOptions> HttpOptionsOf(const ai::inference::config::Server& options);
transport::Options TransportOptionsOf(const ai::inference::config::Server& options);

}  // namespace sluice
