// ONNX Runtime's errors as ours. Its words hold source locations, C++ signatures and, at load, paths: what a reader can
// use is cut out of them.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/onnxruntime/abi.h"

namespace sluice::ort {

// What a failed run's message says to the caller who sent the values: "Gather 'embed': indices element out of data
// bounds, idx=4 must be within the inclusive range [-4,3]". At most 300 bytes of ASCII. Pure.
std::string PlainText(std::string_view message);

// Takes `status` over, which is not OK (null). MODEL_FAILED, for operators.
absl::Status FailedLoad(Status* status);
// The same, if anything failed.
inline absl::Status LoadError(Status* status) { return status == nullptr ? absl::OkStatus() : FailedLoad(status); }

// The memory for runs (or all memory) is used up.
bool IsAboutMemory(const Status* status);

// A failed run; takes `status` over, which is none. INVALID_REQUEST for what the request's values made impossible,
// RUN_TOO_LARGE for what needs too much memory; MODEL_FAILED when the values are the server's own (`trusted`) or it is
// not a matter of values. ONNX Runtime's own words go to the log then.
absl::Status RunError(Status* status, std::string_view model, bool trusted);

}  // namespace sluice::ort
