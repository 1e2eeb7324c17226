#include "engine/openvino/request_values.h"

#include <string_view>

#include "base/strings.h"
#include "base/text.h"
#include "openvino/core/node.hpp"

namespace sluice {

RequestValues::RequestValues(const ov::Model& model) {
  for (const auto& node : model.get_ordered_ops()) {
    const std::string_view type = node->get_type_info().name;
    if (type == "ShapeOf") continue;
    if (type == "Parameter" || type == "ReadValue" || reaches(*node)) nodes_.insert(node.get());
  }
}

bool RequestValues::reaches(const ov::Node& node) const {
  for (size_t i = 0; i < node.get_input_size(); ++i) {
    if (reaches(node, i)) return true;
  }
  return false;
}

std::string StepName(const ov::Node& step) {
  const std::string name = Excerpt(step.get_friendly_name(), 64);
  return StrCat(step.get_type_info().name, " '", name, "'");
}

}  // namespace sluice
