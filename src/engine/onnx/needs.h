// What one node needs so that no request can end the process or hold a thread by it: one rule for each hazard.
#pragma once

#include <string>
#include <vector>

#include "engine/onnx/graph.h"
#include "engine/onnx/guards.h"
#include "engine/onnx/interval.h"

namespace sluice::onnx {

// What is known of each input; null for one that is left out or unknown.
using Inputs = std::vector<const Known*>;

struct Needs {
  std::vector<Guard> guards;
  std::string refused;  // nothing helps: why

  void Elements(size_t input) { guards.push_back({.kind = Guard::kElements, .input = input}); }
};

Needs NeedsOf(const Node& node, const Inputs& inputs);

}  // namespace sluice::onnx
