// gRPC-Web as gRPC's exchange speaks it: the trailers are the body's last frame.
#pragma once

#include "transport/grpc/wire.h"

namespace sluice::grpcweb {

// The binary form, and the one that text_exchange.h wraps in base64.
extern const grpc::Wire kBinaryWire, kTextWire;

}  // namespace sluice::grpcweb
