// OpenVINO computes integers of 64 bits as 32 bits, and many steps on integers as FP32. This tells for which requests
// a net is exact all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/tensor.h"
#include "openvino/core/model.hpp"

namespace sluice {

// Up to here FP32 is exact for integers, divisions included.
inline constexpr int64_t kExactInFp32 = int64_t{1} << 23;

// The largest of INT32_MAX and kExactInFp32 for which the net is exact as long as its integer inputs hold nothing
// beyond (either sign). Unimplemented, naming the step, when it is not even then, and for doubles.
absl::StatusOr<int64_t> WholeNumbersMax(const ov::Model& model);

// The first value of the tensor beyond `max` in either direction; nothing when there is none, or for other types.
std::optional<std::string> ValueBeyond(const TensorView& tensor, int64_t max);

}  // namespace sluice
