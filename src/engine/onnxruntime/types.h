// Between ONNX Runtime's types and ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/onnxruntime/library.h"

namespace sluice::ort {

// By ONNX's number of the type (TensorProto.DataType).
inline constexpr std::pair<int, DType> kTypes[] = {
    {1, DType::kFp32},  {2, DType::kUint8},   {3, DType::kInt8},    {4, DType::kUint16}, {5, DType::kInt16},
    {6, DType::kInt32}, {7, DType::kInt64},   {8, DType::kBytes},   {9, DType::kBool},   {10, DType::kFp16},
    {11, DType::kFp64}, {12, DType::kUint32}, {13, DType::kUint64}, {16, DType::kBf16},
};

// Nothing for types that Sluice does not pass on (4-bit, 8-bit floats, complex).
inline std::optional<DType> FromElement(int element) {
  for (const auto& [theirs, ours] : kTypes) {
    if (theirs == element) return ours;
  }
  return std::nullopt;
}

inline int ToElement(DType dtype) {
  for (const auto& [theirs, ours] : kTypes) {
    if (ours == dtype) return theirs;
  }
  return 0;
}

// Inputs first, then those with a default, which are `optional`. MODEL_FAILED, naming the tensor, for what is not a
// dense tensor of one of our types.
absl::StatusOr<ModelSignature> SignatureOf(const Library& library, const Sess* session);

// BYTES into a tensor of strings, and back. `data` has as many elements as the tensor.
absl::Status FillStrings(std::string_view data, Value* strings);
absl::Status AppendStrings(const Value* strings, size_t elements, std::string& data);

}  // namespace sluice::ort
