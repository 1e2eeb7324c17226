// The graphs inside a step: the branches of If, the bodies of Loop and TensorIterator.
#pragma once

#include <memory>
#include <vector>

#include "openvino/core/model.hpp"
#include "openvino/op/util/multi_subgraph_base.hpp"

namespace sluice {

// None for a step that has no graphs.
inline std::vector<std::shared_ptr<ov::Model>> BodiesOf(const ov::Node& step) {
  std::vector<std::shared_ptr<ov::Model>> bodies;
  const auto* const outer = dynamic_cast<const ov::op::util::MultiSubGraphOp*>(&step);
  for (size_t i = 0; outer != nullptr && i < outer->get_internal_subgraphs_size(); ++i)
    bodies.push_back(outer->get_function(static_cast<int>(i)));
  return bodies;
}

}  // namespace sluice
