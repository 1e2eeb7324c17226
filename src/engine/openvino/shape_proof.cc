#include "engine/openvino/shape_proof.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "engine/openvino/deciding_ports.h"
#include "engine/openvino/openvino_types.h"
#include "engine/openvino/request_values.h"
#include "engine/shape.h"
#include "openvino/op/constant.hpp"
#include "openvino/op/util/topk_base.hpp"

namespace sluice {
namespace {

// Nothing when the size is open; UINT64_MAX when it is beyond all bounds.
std::optional<uint64_t> BytesOf(const ov::Output<ov::Node>& port) {
  const ov::PartialShape& shape = port.get_partial_shape();
  if (shape.is_dynamic()) return std::nullopt;
  const auto elements = ElementsOf(FromOv(shape));
  const size_t size = std::max<size_t>(port.get_element_type().size(), 1);
  uint64_t bytes = UINT64_MAX;
  if (elements && !__builtin_mul_overflow(static_cast<uint64_t>(*elements), size, &bytes)) return bytes;
  return UINT64_MAX;
}

// The integers that come in at `port`, where the inference found them; else none.
std::vector<int64_t> ValuesAt(const ov::Node& step, size_t port) {
  if (port >= step.get_input_size()) return {};
  if (const auto* constant = ov::as_type<const ov::op::v0::Constant>(step.get_input_node_ptr(port)))
    return constant->cast_vector<int64_t>();
  const auto& found = step.get_input_tensor(port);
  const ov::Tensor &low = found.get_lower_value(), &high = found.get_upper_value();
  if (!low || !high || low.get_element_type() != ov::element::i64 || high.get_byte_size() != low.get_byte_size() ||
      std::memcmp(low.data(), high.data(), low.get_byte_size()) != 0)
    return {};
  return {low.data<const int64_t>(), low.data<const int64_t>() + low.get_size()};
}

// What only fails at the run, as OpenVINO's own inference passes it. Looked at after the inference of `step`.
bool FailsLater(const ov::Node& step) {
  const std::string_view type = step.get_type_info().name;
  const auto values = [&step](size_t port) { return ValuesAt(step, port); };
  if (type == "Broadcast") return std::ranges::any_of(values(1), [](int64_t size) { return size < 0; });
  if (type != "TopK" && type != "Pad") return false;
  const ov::PartialShape& data = step.get_input_partial_shape(0);
  if (data.is_dynamic()) return false;
  if (type == "TopK") {
    const auto& topk = static_cast<const ov::op::util::TopKBase&>(step);
    const auto k = values(1);
    return !k.empty() && (k[0] < 1 || k[0] > data[static_cast<ptrdiff_t>(topk.get_axis())].get_length());
  }
  const auto begins = values(1), ends = values(2);
  for (size_t i = 0; i < std::min({begins.size(), ends.size(), data.size()}); ++i) {
    if (data[static_cast<ptrdiff_t>(i)].get_length() < -std::min<int64_t>({begins[i], ends[i], begins[i] + ends[i], 0}))
      return true;
  }
  return false;
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
