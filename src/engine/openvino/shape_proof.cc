#include "engine/openvino/shape_proof.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "engine/openvino/deciding_ports.h"
#include "engine/openvino/fails_later.h"
#include "engine/openvino/openvino_types.h"
#include "engine/openvino/request_values.h"
#include "engine/shape.h"
#include "openvino/op/constant.hpp"

namespace sluice {
namespace {

// Nothing when the size is open; UINT64_MAX when it is beyond all bounds, as is what cannot be counted in 32 bits. A
// dimension of 0 makes no other one smaller: steps have tables for each.
std::optional<uint64_t> BytesOf(const ov::Output<ov::Node>& port) {
  const ov::PartialShape& shape = port.get_partial_shape();
  if (shape.is_dynamic()) return std::nullopt;
  uint64_t elements = 1;
  for (const ov::Dimension& dimension : shape) {
    const auto size = static_cast<uint64_t>(std::max<int64_t>(dimension.get_length(), 1));
    if (__builtin_mul_overflow(elements, size, &elements) || elements > INT32_MAX) return UINT64_MAX;
  }
  return elements * std::max<size_t>(port.get_element_type().size(), 1);
}

bool AllFixed(const std::vector<std::shared_ptr<ov::Node>>& steps) {
  return std::all_of(steps.begin(), steps.end(), [](const auto& step) {
    for (const auto& port : step->outputs()) {
      if (port.get_partial_shape().is_dynamic()) return false;
    }
    return true;
  });
}

}  // namespace

std::unique_ptr<ShapeProof> ShapeProof::Make(const ov::Model& model, uint64_t tensor_bytes_max) {
  if (AllFixed(model.get_ordered_ops())) return nullptr;
  return std::unique_ptr<ShapeProof>(new ShapeProof(model.clone(), tensor_bytes_max));
}

ShapeProof::ShapeProof(std::shared_ptr<ov::Model> model, uint64_t tensor_bytes_max)
    : model_(std::move(model)), steps_(model_->get_ordered_ops()), tensor_bytes_max_(tensor_bytes_max) {
  const std::vector<bool> decides = DecidingInputs(*model_);
  for (size_t i = 0; i < decides.size(); ++i) {
    const auto& parameter = model_->get_parameters()[i];
    inputs_.push_back({parameter, parameter->output(0), decides[i]});
  }
}

void ShapeProof::Set(Input& input, const ov::Tensor& tensor) {
  input.parameter->set_partial_shape(ov::PartialShape(tensor.get_shape()));
  if (!input.decides) return;
  const bool values = tensor.get_element_type() != ov::element::string && tensor.get_byte_size() <= kValueBytesMax;
  const std::shared_ptr<ov::Node> source =
      values ? std::make_shared<ov::op::v0::Constant>(tensor.get_element_type(), tensor.get_shape(), tensor.data())
             : std::static_pointer_cast<ov::Node>(input.parameter);
  if (source.get() == input.source.get_node()) return;
  for (const auto& reader : input.source.get_target_inputs()) reader.replace_source_output(source->output(0));
  input.source = source->output(0);
}

ShapeProof::Finding ShapeProof::Infer(std::span<const ov::Tensor> inputs) {
  const ov::Node* at = nullptr;
  try {
    for (size_t i = 0; i < inputs_.size(); ++i) Set(inputs_[i], inputs[i]);
    Finding finding;
    for (const auto& step : steps_) {
      at = step.get();
      step->revalidate_and_infer_types();
      if (FailsLater(*step)) return {Outcome::kImpossible, StrCat(StepName(*step), " cannot be computed")};
      for (const auto& port : step->outputs()) {
        const auto bytes = BytesOf(port);
        if (!bytes) finding.outcome = Outcome::kOpen;
        if (bytes > tensor_bytes_max_)
          return {Outcome::kImpossible, StrCat("the result of ", StepName(*at), " would be too large")};
      }
    }
    return finding;
  } catch (const std::exception&) {
    return {Outcome::kImpossible, at == nullptr ? std::string("the model does not accept them")
                                                : StrCat(StepName(*at), " cannot be computed")};
  }
}

}  // namespace sluice
