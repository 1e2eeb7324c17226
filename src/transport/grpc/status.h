// An absl::Status as gRPC's trailers.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "base/headers.h"

namespace sluice::grpc {

// Adds grpc-status and, for an error, grpc-message, grpc-status-details-bin and grpc-retry-pushback-ms.
void AddStatus(const absl::Status& status, std::string_view request_id, Headers& trailers);

}  // namespace sluice::grpc
