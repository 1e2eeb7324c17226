#include "engine/openvino/guard.h"

#include <algorithm>
#include <utility>

#include "openvino/core/attribute_visitor.hpp"

namespace sluice {
namespace {

template <class T>
std::vector<int64_t> Widened(const ov::Tensor& tensor) {
  const auto* const values = tensor.data<const T>();
  return {values, values + tensor.get_size()};
}

}  // namespace

Guard::Guard(const ov::Output<ov::Node>& values, const ov::Output<ov::Node>& sizes, Kind kind, std::string complaint)
    : Op({values, sizes}), kind_(kind), complaint_(std::make_shared<const std::string>(std::move(complaint))) {
  constructor_validate_and_infer_types();
}

void Guard::validate_and_infer_types() { set_output_type(0, get_input_element_type(0), get_input_partial_shape(0)); }

std::shared_ptr<ov::Node> Guard::clone_with_new_inputs(const ov::OutputVector& inputs) const {
  auto copy = std::make_shared<Guard>(inputs.at(0), inputs.at(1), kind_, std::string());
  copy->complaint_ = complaint_;
  copy->report_ = report_;
  return copy;
}

bool Guard::visit_attributes(ov::AttributeVisitor& /*visitor*/) { return true; }

// False when a value is outside.
template <class T>
bool Guard::Pass(const ov::Tensor& from, const std::vector<int64_t>& sizes, ov::Tensor& to) const {
  const auto* const values = from.data<const T>();
  auto* const passed = to.data<T>();
  bool inside = true;
  for (size_t i = 0, column = 0; i < from.get_size(); ++i, column = column + 1 == sizes.size() ? 0 : column + 1) {
    auto value = static_cast<int64_t>(values[i]);
    const int64_t size = sizes.empty() ? 0 : sizes[column];
    bool fits = true;
    if (kind_ == Kind::kIndex) {
      if (value < 0) value += size;
      fits = value >= 0 && value < size;
    } else if (kind_ == Kind::kLength) {
      fits = value >= 0 && value <= size;
    } else {
      fits = values[i] != T(0) && (kind_ != Kind::kStep || static_cast<int64_t>(values[i]) != INT32_MIN);
      if (fits) {
        passed[i] = values[i];
        continue;
      }
    }
    inside &= fits;
    passed[i] = fits ? static_cast<T>(value) : static_cast<T>(kind_ == Kind::kNotZero || kind_ == Kind::kStep ? 1 : 0);
  }
  return inside;
}

bool Guard::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
  const ov::Tensor& values = inputs[0];
  std::vector<int64_t> sizes;
  if (kind_ != Kind::kNotZero && kind_ != Kind::kStep) {
    const auto type = inputs[1].get_element_type();
    if (type != ov::element::i64 && type != ov::element::i32) return false;
    sizes = type == ov::element::i64 ? Widened<int64_t>(inputs[1]) : Widened<int32_t>(inputs[1]);
    if (sizes.empty()) sizes = {0};
  }
  outputs[0].set_shape(values.get_shape());
  bool inside = true;
  switch (values.get_element_type()) {
    case ov::element::i8: inside = Pass<int8_t>(values, sizes, outputs[0]); break;
    case ov::element::i16: inside = Pass<int16_t>(values, sizes, outputs[0]); break;
    case ov::element::i32: inside = Pass<int32_t>(values, sizes, outputs[0]); break;
    case ov::element::i64: inside = Pass<int64_t>(values, sizes, outputs[0]); break;
    case ov::element::u8: inside = Pass<uint8_t>(values, sizes, outputs[0]); break;
    case ov::element::u16: inside = Pass<uint16_t>(values, sizes, outputs[0]); break;
    case ov::element::u32: inside = Pass<uint32_t>(values, sizes, outputs[0]); break;
    case ov::element::f32: inside = Pass<float>(values, sizes, outputs[0]); break;
    default: return false;
  }
  if (!inside && report_ != nullptr) report_->complaint = complaint_.get();
  return true;
}

}  // namespace sluice
