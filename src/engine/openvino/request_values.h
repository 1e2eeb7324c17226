// Which tensors of a net hold what a request's values make of them. What follows from shapes and constants alone does
// not.
#pragma once

#include <string>
#include <unordered_set>

#include "openvino/core/model.hpp"

namespace sluice {

class RequestValues {
 public:
  explicit RequestValues(const ov::Model& model);
  bool has(const ov::Node* node) const { return nodes_.contains(node); }
  bool reaches(const ov::Node& node, size_t port) const {
    return port < node.get_input_size() && has(node.get_input_node_ptr(port));
  }
  bool reaches(const ov::Node& node) const;

 private:
  std::unordered_set<const ov::Node*> nodes_;
};

// As a client or an operator who has the model's file knows a step of it: "MatMul 'scores'". Short and printable.
std::string StepName(const ov::Node& step);

}  // namespace sluice
