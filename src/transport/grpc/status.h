// An absl::Status as gRPC's trailers.
#pragma once

#include "absl/status/status.h"
#include "base/headers.h"
#include "call/outcome.h"

namespace sluice::grpc {

// Adds grpc-status and, for an error, grpc-message, grpc-status-details-bin and grpc-retry-pushback-ms.
void AddStatus(const absl::Status& status, const CallIds& ids, Headers& trailers);

}  // namespace sluice::grpc
