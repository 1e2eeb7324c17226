// ModelStreamInfer: answers leave in the order of the requests; one that fails is answered with error_message and the
// stream goes on.
#pragma once

#include <memory>

#include "api/open_inference/service.h"
#include "call/call.h"

namespace sluice {

// The context's parts outlive the call.
std::unique_ptr<CallHandler> NewInferStream(Call& call, const OpenInferenceContext& context);

}  // namespace sluice
