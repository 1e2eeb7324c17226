// Streaming calls over Connect: gRPC's frames with protobuf or JSON in them, and the end of the stream as the last
// frame.
#pragma once

#include "transport/grpc/wire.h"

namespace sluice::connect {

// How the client speaks: application/connect+json or application/connect+proto. Null when it is neither.
const grpc::Wire* StreamWireFor(const http::RequestHead& head);

}  // namespace sluice::connect
