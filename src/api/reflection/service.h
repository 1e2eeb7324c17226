// grpc.reflection, v1 and v1alpha: the descriptors of what is served, for grpcurl and the like.
#pragma once

#include "call/method.h"

namespace sluice {

// Last: it lists what the table holds then, and itself.
void RegisterReflection(MethodTable& methods);

}  // namespace sluice
