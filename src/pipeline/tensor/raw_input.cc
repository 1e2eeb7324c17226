#include "pipeline/tensor/raw_input.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr std::string_view kInstead = "send the request's JSON before the bytes, with Inference-Header-Content-Length";

absl::Status Wrong(const TensorSpec& spec, std::string_view problem) {
  return FieldError(Reason::INVALID_REQUEST, spec.name, StrCat("the model's input '", spec.name, "' ", problem));
}

absl::Status CompleteElement(const TensorSpec& spec, Tensor& tensor) {
  Shape one = spec.shape;
  std::replace(one.begin(), one.end(), int64_t{-1}, int64_t{1});
  if (ElementsOf(one) != 1) {
    return Wrong(spec, StrCat("has the shape ", ToString(spec.shape), "; raw bytes are a single element: ", kInstead));
  }
  std::string element;
  element.reserve(tensor.data.size() + 4);
  AppendBytes(tensor.data, element);
  tensor.data = std::move(element);
  tensor.shape = std::move(one);
  return absl::OkStatus();
}

absl::Status CompleteShape(const TensorSpec& spec, Tensor& tensor) {
  tensor.shape = spec.shape;
  const auto open = std::find(tensor.shape.begin(), tensor.shape.end(), -1);
  if (std::count(open, tensor.shape.end(), -1) > 1) {
    return Wrong(spec, StrCat("leaves more than one dimension of ", ToString(spec.shape), " open; ", kInstead));
  }
  const bool is_open = open != tensor.shape.end();
  if (is_open) *open = 1;
  const int64_t bytes = ElementsOf(tensor.shape).value_or(0) * static_cast<int64_t>(SizeOf(spec.dtype));
  const auto given = static_cast<int64_t>(tensor.data.size());
  if (is_open ? bytes > 0 && given % bytes == 0 : given == bytes) {
    if (is_open) *open = given / bytes;
    return absl::OkStatus();
  }
  return Wrong(spec, StrCat("of type ", NameOf(spec.dtype), " and shape ", ToString(spec.shape), " needs ",
                            is_open ? "a multiple of " : "", bytes, " bytes, not ", given));
}

}  // namespace

absl::Status CompleteRaw(const ModelSignature& signature, Tensor& tensor) {
  const auto needed = [](const TensorSpec& spec) { return !spec.optional; };
  const auto& inputs = signature.inputs;
  if (const auto count = std::count_if(inputs.begin(), inputs.end(), needed); count != 1) {
    return Error(Reason::INVALID_REQUEST,
                 StrCat("the model has ", count, " inputs, and raw bytes do not say which one they are; ", kInstead));
  }
  const TensorSpec& spec = *std::find_if(inputs.begin(), inputs.end(), needed);
  tensor.name = spec.name;
  tensor.dtype = spec.dtype;
  return spec.dtype == DType::kBytes ? CompleteElement(spec, tensor) : CompleteShape(spec, tensor);
}

}  // namespace sluice
