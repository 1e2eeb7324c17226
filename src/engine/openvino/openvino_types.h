// Between OpenVINO's types and ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "openvino/core/model.hpp"
#include "openvino/core/node_output.hpp"
#include "openvino/core/partial_shape.hpp"
#include "openvino/core/type/element_type.hpp"
#include "openvino/runtime/tensor.hpp"

namespace sluice {

// Nothing for types that Sluice does not pass on (4-bit, 8-bit floats …).
std::optional<DType> FromOv(const ov::element::Type& type);
ov::element::Type ToOv(DType dtype);

Shape FromOv(const ov::Shape& shape);
Shape FromOv(const ov::PartialShape& shape);  // open dimensions become -1
ov::Shape ToOv(const Shape& shape);
ov::PartialShape ToOvPartial(const Shape& shape);

// BYTES as OpenVINO's strings, and back. `data` has as many elements as the tensor.
void FillStrings(std::string_view data, ov::Tensor& tensor);
void AppendStrings(const ov::Tensor& tensor, std::string& data);

// UNIMPLEMENTED when an input or output has a type or rank that cannot be served.
absl::StatusOr<ModelSignature> SignatureOf(const ov::Model& model);

// The tensor name as the file gives it; the node's name for files without names.
std::string NameOf(const ov::Output<const ov::Node>& port);

}  // namespace sluice
