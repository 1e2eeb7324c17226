#include "engine/openvino/openvino_types.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "engine/bytes.h"

namespace sluice {
namespace {

// Function-local: ov's constants live in another library, whose initialisers may run after ours.
const auto& Types() {
  static const std::pair<DType, ov::element::Type> types[] = {
      {DType::kBool, ov::element::boolean}, {DType::kUint8, ov::element::u8},     {DType::kUint16, ov::element::u16},
      {DType::kUint32, ov::element::u32},   {DType::kUint64, ov::element::u64},   {DType::kInt8, ov::element::i8},
      {DType::kInt16, ov::element::i16},    {DType::kInt32, ov::element::i32},    {DType::kInt64, ov::element::i64},
      {DType::kFp16, ov::element::f16},     {DType::kFp32, ov::element::f32},     {DType::kFp64, ov::element::f64},
      {DType::kBf16, ov::element::bf16},    {DType::kBytes, ov::element::string},
  };
  return types;
}

absl::StatusOr<TensorSpec> SpecOf(const ov::Output<const ov::Node>& port) {
  TensorSpec spec;
  spec.name = NameOf(port);
  const auto dtype = FromOv(port.get_element_type());
  if (!dtype) {
    return Error(Reason::UNIMPLEMENTED, StrCat("tensor '", spec.name, "' has the type ",
                                               port.get_element_type().get_type_name(), ", which is not supported"));
  }
  const ov::PartialShape& shape = port.get_partial_shape();
  if (shape.rank().is_dynamic()) {
    return Error(Reason::UNIMPLEMENTED, StrCat("tensor '", spec.name, "' has no fixed number of dimensions"));
  }
  spec.dtype = *dtype;
  spec.shape = FromOv(shape);
  return spec;
}

}  // namespace

std::optional<DType> FromOv(const ov::element::Type& type) {
  for (const auto& [ours, theirs] : Types()) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

ov::element::Type ToOv(DType dtype) {
  for (const auto& [ours, theirs] : Types()) {
    if (ours == dtype) return theirs;
  }
  return ov::element::dynamic;
}

Shape FromOv(const ov::Shape& shape) { return Shape(shape.begin(), shape.end()); }

Shape FromOv(const ov::PartialShape& shape) {
  Shape ours;
  for (const ov::Dimension& dim : shape) ours.push_back(dim.is_static() ? dim.get_length() : -1);
  return ours;
}

ov::Shape ToOv(const Shape& shape) { return ov::Shape(shape.begin(), shape.end()); }

ov::PartialShape ToOvPartial(const Shape& shape) {
  std::vector<ov::Dimension> dims;
  for (const int64_t dim : shape) dims.push_back(dim < 0 ? ov::Dimension::dynamic() : ov::Dimension(dim));
  return ov::PartialShape(dims);
}

std::string NameOf(const ov::Output<const ov::Node>& port) {
  return port.get_names().empty() ? port.get_node()->get_friendly_name() : port.get_any_name();
}

void FillStrings(std::string_view data, ov::Tensor& tensor) {
  auto* const strings = tensor.data<std::string>();
  std::string_view element;
  for (size_t i = 0; i < tensor.get_size() && TakeBytes(data, element); ++i) strings[i] = element;
}

void AppendStrings(const ov::Tensor& tensor, std::string& data) {
  const auto* const strings = tensor.data<const std::string>();
  for (size_t i = 0; i < tensor.get_size(); ++i) AppendBytes(strings[i], data);
}

absl::StatusOr<ModelSignature> SignatureOf(const ov::Model& model) {
  ModelSignature signature;
  for (const auto& port : model.inputs()) {
    ASSIGN_OR_RETURN(TensorSpec spec, SpecOf(port));
    signature.inputs.push_back(std::move(spec));
  }
  for (const auto& port : model.outputs()) {
    ASSIGN_OR_RETURN(TensorSpec spec, SpecOf(port));
    signature.outputs.push_back(std::move(spec));
  }
  return signature;
}

}  // namespace sluice
