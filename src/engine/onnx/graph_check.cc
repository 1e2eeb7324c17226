#include "engine/onnx/graph_check.h"

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/onnx/graph.h"

namespace sluice::onnx {
namespace {

constexpr int kDepthMax = 48;

using Names = std::vector<std::string_view>;

// What is defined in a graph so far, and through it in the graphs around it.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_set<std::string_view> names = {};

  bool Has(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (scope->names.contains(name)) return true;
    }
    return false;
  }
};

std::string Called(const Node& node) {
  const std::string_view name = !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return StrCat("node '", Excerpt(name, 64), "' (", Excerpt(node.op, 64), ")");
}

// Kahn's order: takes nodes that wait for nothing, until there are none. What is left waits for itself.
absl::Status CheckCycles(const std::vector<Node>& nodes, const std::vector<Names>& uses) {
  std::unordered_map<std::string_view, size_t> makers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string_view name : nodes[i].outputs) makers[name] = i;
  }
  makers.erase("");
  std::vector<std::vector<size_t>> users(nodes.size());
  std::vector<size_t> waits_for(nodes.size()), ready;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string_view name : uses[i]) {
      const auto maker = makers.find(name);
      if (maker == makers.end()) continue;
      users[maker->second].push_back(i);
      ++waits_for[i];
    }
    if (waits_for[i] == 0) ready.push_back(i);
  }
  for (size_t done = 0; done < ready.size(); ++done) {
    for (const size_t user : users[ready[done]]) {
      if (--waits_for[user] == 0) ready.push_back(user);
    }
  }
  if (ready.size() == nodes.size()) return absl::OkStatus();
  size_t stuck = 0;
  while (waits_for[stuck] == 0) ++stuck;
  return absl::InvalidArgumentError(StrCat(Called(nodes[stuck]), " waits for itself: the graph has a cycle"));
}

class Check {
 public:
  absl::Status Run(std::string_view bytes) {
    ASSIGN_OR_RETURN(const Model model, ReadModel(bytes, budget_));
    RETURN_IF_ERROR(Visit(model.graph, nullptr, 0).status());
    for (const Function& function : model.functions) {
      Graph body{.nodes = function.nodes};
      for (const std::string_view name : function.inputs) body.inputs.push_back({.name = name});
      RETURN_IF_ERROR(Visit(body, nullptr, 0).status());
    }
    return absl::OkStatus();
  }

 private:
  // The names that `graph` takes from the graphs around it.
  absl::StatusOr<Names> Visit(const Graph& graph, const Scope* outer, int depth) {
    if (depth > kDepthMax) return absl::InvalidArgumentError("the model nests too deeply");
    Scope scope{.outer = outer};
    for (const ValueInfo& input : graph.inputs) scope.names.insert(input.name);
    for (const Tensor& tensor : graph.initializers) scope.names.insert(tensor.name);
    for (const std::string_view name : graph.sparse_initializers) scope.names.insert(name);
    std::vector<Names> uses;
    uses.reserve(graph.nodes.size());
    for (const Node& node : graph.nodes) {
      ASSIGN_OR_RETURN(Names used, UsesOf(node, scope, depth));
      uses.push_back(std::move(used));
      RETURN_IF_ERROR(Define(node, scope));
    }
    RETURN_IF_ERROR(CheckCycles(graph.nodes, uses));
    Names taken;
    const auto take = [&scope, &taken](std::string_view name) {
      if (!name.empty() && !scope.names.contains(name)) taken.push_back(name);
    };
    for (const Names& names : uses) {
      for (const std::string_view name : names) take(name);
    }
    for (const ValueInfo& output : graph.outputs) take(output.name);
    return taken;
  }

  // A branch or a body waits for what it takes from around it, so its node does.
  absl::StatusOr<Names> UsesOf(const Node& node, const Scope& scope, int depth) {
    Names used = node.inputs;
    for (const Attribute& attribute : node.attributes) {
      if (attribute.graph.data() == nullptr) continue;
      ASSIGN_OR_RETURN(const Graph inner, ReadGraph(attribute.graph, budget_));
      ASSIGN_OR_RETURN(const Names taken, Visit(inner, &scope, depth + 1));
      used.insert(used.end(), taken.begin(), taken.end());
    }
    return used;
  }

  static absl::Status Define(const Node& node, Scope& scope) {
    for (const std::string_view name : node.outputs) {
      if (name.empty()) continue;  // an output that is not wanted
      if (scope.Has(name)) {
        return absl::InvalidArgumentError(
            StrCat(Called(node), " defines '", Excerpt(name, 64), "', which is defined already"));
      }
      scope.names.insert(name);
    }
    return absl::OkStatus();
  }

  ReadBudget budget_;
};

}  // namespace

absl::Status CheckGraph(std::string_view model) { return Check().Run(model); }

}  // namespace sluice::onnx
