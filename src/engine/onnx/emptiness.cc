#include "engine/onnx/emptiness.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace sluice::onnx {
namespace {

using Inputs = std::span<const Known* const>;

int32_t At(Inputs inputs, size_t i) {
  return i < inputs.size() && inputs[i] != nullptr ? inputs[i]->empty_with : kEmptyAlone;
}

// As many elements as the first input, or more of them or fewer by a factor.
bool KeepsFirst(std::string_view op) {
  static const std::set<std::string_view> ops = {"Abs",
                                                 "AveragePool",
                                                 "BatchNormalization",
                                                 "Cast",
                                                 "Ceil",
                                                 "Clip",
                                                 "Conv",
                                                 "ConvInteger",
                                                 "ConvTranspose",
                                                 "DepthToSpace",
                                                 "Dropout",
                                                 "Elu",
                                                 "DequantizeLinear",
                                                 "Erf",
                                                 "Exp",
                                                 "Flatten",
                                                 "Floor",
                                                 "Gelu",
                                                 "HardSigmoid",
                                                 "HardSwish",
                                                 "Identity",
                                                 "LRN",
                                                 "InstanceNormalization",
                                                 "LeakyRelu",
                                                 "LayerNormalization",
                                                 "Log",
                                                 "LogSoftmax",
                                                 "GroupNormalization",
                                                 "LpNormalization",
                                                 "MaxPool",
                                                 "Mish",
                                                 "Neg",
                                                 "Not",
                                                 "PRelu",
                                                 "QLinearConv",
                                                 "QuantizeLinear",
                                                 "Reciprocal",
                                                 "Relu",
                                                 "Reshape",
                                                 "Resize",
                                                 "Round",
                                                 "Selu",
                                                 "Sigmoid",
                                                 "Softmax",
                                                 "Softplus",
                                                 "Split",
                                                 "SpaceToDepth",
                                                 "Sqrt",
                                                 "Squeeze",
                                                 "Tanh",
                                                 "Transpose",
                                                 "Unsqueeze",
                                                 "Upsample"};
  return ops.contains(op);
}

bool Broadcasts(std::string_view op) {
  static const std::set<std::string_view> ops = {"Add", "And", "Div", "Equal", "Greater", "Less", "Max", "Mean",
                                                 "Min", "Mod", "Mul", "Or",    "Pow",     "Sub",  "Sum", "Where"};
  return ops.contains(op);
}

// Of two that become one by broadcasting.
int32_t Both(int32_t a, int32_t b) {
  if (a == kNeverEmpty || a == b) return b;
  return b == kNeverEmpty ? a : kEmptyAlone;
}

int32_t OfConcat(Inputs inputs) {
  if (EmptyTogether(inputs)) return At(inputs, 0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (At(inputs, i) == kNeverEmpty) return kNeverEmpty;
  }
  return kEmptyAlone;
}

}  // namespace

int32_t EmptyWith(const Node& node, Inputs inputs) {
  if (!node.Is(node.op) || inputs.empty()) return kEmptyAlone;
  if (node.op == "Shape" || node.op == "Size") return kNeverEmpty;
  if (node.op == "Concat") return OfConcat(inputs);
  // Parts of what has elements, chosen by the model itself.
  if (node.op == "Gather") return At(inputs, 0) == kNeverEmpty ? At(inputs, 1) : kEmptyAlone;
  if (node.op == "MatMul" || node.op == "Gemm") return At(inputs, 1) == kNeverEmpty ? At(inputs, 0) : kEmptyAlone;
  if (KeepsFirst(node.op)) return At(inputs, 0);
  if (!Broadcasts(node.op)) return kEmptyAlone;
  int32_t all = At(inputs, 0);
  for (size_t i = 1; i < inputs.size() && all != kEmptyAlone; ++i) all = Both(all, At(inputs, i));
  return all;
}

bool EmptyTogether(Inputs inputs) {
  const int32_t first = At(inputs, 0);
  if (first == kEmptyAlone) return false;
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (At(inputs, i) != first) return false;
  }
  return true;
}

}  // namespace sluice::onnx
