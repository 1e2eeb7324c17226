// Between ONNX Runtime's types and ours.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/onnxruntime/library.h"

namespace sluice::ort {

// Nothing for types that Sluice does not pass on (4-bit, 8-bit floats, complex).
std::optional<DType> FromElement(int element);
int ToElement(DType dtype);

// Inputs first, then those with a default, which are `optional`. MODEL_FAILED, naming the tensor, for what is not a
// dense tensor of one of our types.
absl::StatusOr<ModelSignature> SignatureOf(const Library& library, const Sess* session);

// BYTES into a tensor of strings, and back. `data` has as many elements as the tensor.
absl::Status FillStrings(std::string_view data, Value* strings);
absl::Status AppendStrings(const Value* strings, size_t elements, std::string& data);

}  // namespace sluice::ort
