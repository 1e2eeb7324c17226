// Small nets for the tests of engine/openvino, and what is needed to try them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "engine/openvino/openvino_net.h"
#include "engine/openvino/openvino_session.h"
#include "engine/openvino/openvino_types.h"
#include "openvino/openvino.hpp"
#include "openvino/opsets/opset13.hpp"

namespace sluice::graphs {

namespace op = ov::opset13;

inline std::shared_ptr<op::Parameter> Input(const char* name, ov::element::Type type, const ov::PartialShape& shape) {
  auto input = std::make_shared<op::Parameter>(type, shape);
  input->set_friendly_name(name);
  input->output(0).set_names({name});
  return input;
}

inline std::shared_ptr<ov::Model> Net(const ov::Output<ov::Node>& output, const ov::ParameterVector& inputs) {
  output.get_node()->set_friendly_name("y");
  if (output.get_names().empty()) output.get_tensor().set_names({"y"});
  return std::make_shared<ov::Model>(ov::OutputVector{output}, inputs);
}

template <class T>
std::shared_ptr<op::Constant> Values(ov::element::Type type, const ov::Shape& shape, const std::vector<T>& values) {
  return op::Constant::create(type, shape, values);
}

// A tensor with its own copy of `values`.
template <class T>
ov::Tensor Of(const ov::Shape& shape, const std::vector<T>& values) {
  ov::Tensor tensor(ov::element::from<T>(), shape);
  std::copy(values.begin(), values.end(), tensor.data<T>());
  return tensor;
}

inline std::shared_ptr<const OpenVinoNet> Loaded(const std::shared_ptr<ov::Model>& model, LoadOptions options = {}) {
  static const auto core = std::make_shared<ov::Core>();
  options.name = "net";
  return *OpenVinoNet::Make(core, model, options);
}

inline absl::Status Ask(Session& session, const ModelSignature& signature, const std::vector<ov::Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ov::Tensor& input = inputs[i];
    RETURN_IF_ERROR(session.SetInput(i, {signature.inputs[i].name, *FromOv(input.get_element_type()),
                                         FromOv(input.get_shape()), input.data(), input.get_byte_size()}));
  }
  return session.Run({});
}

}  // namespace sluice::graphs
