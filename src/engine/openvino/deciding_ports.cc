#include "engine/openvino/deciding_ports.h"

#include <map>
#include <string_view>
#include <unordered_set>

#include "openvino/core/node.hpp"

namespace sluice {
namespace {

// The ports of a step whose values decide about the size of what it gives, or about whether it can be done at all. What
// is missing here is found as open by the proof (shape_proof.h), which is slower but not wrong.
const std::multimap<std::string_view, std::vector<size_t>>& Ports() {
  static const std::multimap<std::string_view, std::vector<size_t>> ports = {
      {"AdaptiveAvgPool", {1}},
      {"AdaptiveMaxPool", {1}},
      {"BatchToSpace", {1, 2, 3}},
      {"Broadcast", {1, 2}},
      {"Col2Im", {1, 2}},
      {"ConvolutionBackpropData", {2}},
      {"CumSum", {1}},
      {"DFT", {1, 2}},
      {"Eye", {0, 1, 2, 3}},
      {"Gather", {2}},
      {"GroupConvolutionBackpropData", {2}},
      {"IDFT", {1, 2}},
      {"IRDFT", {1, 2}},
      {"ISTFT", {2, 3, 4}},
      {"If", {0}},
      {"Interpolate", {1, 2, 3}},
      {"Loop", {0, 1}},
      {"MVN", {1}},
      {"Multinomial", {1}},
      {"NormalizeL2", {1}},
      {"OneHot", {1}},
      {"Pad", {1, 2}},
      {"PriorBox", {0, 1}},
      {"PriorBoxClustered", {0, 1}},
      {"RDFT", {1, 2}},
      {"RandomUniform", {0}},
      {"Range", {0, 1, 2}},
      {"ReduceL1", {1}},
      {"ReduceL2", {1}},
      {"ReduceLogicalAnd", {1}},
      {"ReduceLogicalOr", {1}},
      {"ReduceMax", {1}},
      {"ReduceMean", {1}},
      {"ReduceMin", {1}},
      {"ReduceProd", {1}},
      {"ReduceSum", {1}},
      {"Reshape", {1}},
      {"Reverse", {1}},
      {"Roll", {1, 2}},
      {"STFT", {2, 3}},
      {"ScatterElementsUpdate", {3}},
      {"ScatterUpdate", {3}},
      {"Slice", {1, 2, 3, 4}},
      {"SliceScatter", {2, 3, 4, 5}},
      {"SpaceToBatch", {1, 2, 3}},
      {"Split", {1}},
      {"Squeeze", {1}},
      {"StridedSlice", {1, 2, 3}},
      {"Tile", {1}},
      {"TopK", {1}},
      {"Transpose", {1}},
      {"Unsqueeze", {1}},
      {"VariadicSplit", {1, 2}},
  };
  return ports;
}

// Marks every step whose values reach `node`. A step that only looks at a shape (ShapeOf) passes no values on.
void MarkSources(const ov::Node* node, std::unordered_set<const ov::Node*>& marked) {
  std::vector<const ov::Node*> left = {node};
  while (!left.empty()) {
    const ov::Node* const at = left.back();
    left.pop_back();
    if (!marked.insert(at).second || std::string_view(at->get_type_info().name) == "ShapeOf") continue;
    for (size_t i = 0; i < at->get_input_size(); ++i) left.push_back(at->get_input_node_ptr(i));
  }
}

}  // namespace

std::vector<bool> DecidingInputs(const ov::Model& model) {
  std::unordered_set<const ov::Node*> marked;
  for (const auto& node : model.get_ops()) {
    const auto it = Ports().find(node->get_type_info().name);
    if (it == Ports().end()) continue;
    for (const size_t port : it->second) {
      if (port < node->get_input_size()) MarkSources(node->get_input_node_ptr(port), marked);
    }
  }
  std::vector<bool> decides;
  for (const auto& parameter : model.get_parameters()) decides.push_back(marked.contains(parameter.get()));
  return decides;
}

}  // namespace sluice
