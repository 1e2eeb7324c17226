// grpc.reflection, v1 and v1alpha: the descriptors of what is served, for grpcurl and the like.
#pragma once

#include "call/method.h"

namespace sluice::grpc {

// Lists every service that the table holds when it is asked. `methods` outlives the calls.
void RegisterReflection(MethodTable& methods);

}  // namespace sluice::grpc
