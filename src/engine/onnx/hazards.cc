#include "engine/onnx/hazards.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/onnx/emptiness.h"
#include "engine/onnx/graph.h"
#include "engine/onnx/infer.h"
#include "engine/onnx/needs.h"

namespace sluice::onnx {
namespace {

constexpr int kDepthMax = 48;
constexpr int64_t kNodesMax = 500'000;  // those of a function count for each call

// What is known in a graph, and through it in the graphs around it.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_map<std::string_view, Known> values = {};

  const Known* Find(std::string_view name) const {
    if (name.empty()) return nullptr;
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (const auto it = scope->values.find(name); it != scope->values.end()) return &it->second;
    }
    return nullptr;
  }
};

absl::Status Refuse(const Node& node, std::string_view why) {
  const std::string_view name = !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return absl::InvalidArgumentError(StrCat("node '", Excerpt(name, 64), "' (", Excerpt(node.op, 64), ") ", why));
}

// A request's own numbers stay such through these.
bool KeepsRaw(std::string_view op) {
  static const std::set<std::string_view> ops = {
      "Identity",  "Cast",   "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Concat", "Split",
      "Transpose", "Expand", "Tile",    "Add",     "Sub",       "Mul",     "Div",   "Pad",    "Where"};
  return ops.contains(op);
}

// Walks a model's nodes in order, through branches, loops and calls of functions.
class Scan {
 public:
  absl::Status Run(std::string_view bytes) {
    ASSIGN_OR_RETURN(const Model model, ReadModel(bytes, budget_));
    opset_ = model.opset;
    for (const Function& function : model.functions) functions_[Key(function.domain, function.name)] = &function;
    Scope scope;
    DefineInputs(model.graph, {}, scope);
    DefineConstants(model.graph, /*inputs_are_constants=*/model.ir_version < 4, scope);
    return VisitNodes(model.graph.nodes, model.graph, scope, 0);
  }
  std::vector<Guard> guards;

 private:
  using Name = std::pair<std::string_view, std::string_view>;
  struct Hash {
    size_t operator()(const Name& name) const {
      const std::hash<std::string_view> hash;
      return hash(name.first) * 31 + hash(name.second);
    }
  };
  static Name Key(std::string_view domain, std::string_view name) {
    return {domain == "ai.onnx" ? std::string_view() : domain, name};
  }

  // `given`: what is known of them from outside, by place.
  void DefineInputs(const Graph& graph, const std::vector<Known>& given, Scope& scope) {
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      const ValueInfo& input = graph.inputs[i];
      Known known = i < given.size() ? given[i] : Known{.raw = true};
      if (known.type == kUnknownType) known = {.type = input.type, .interval = AllOf(input.type), .raw = known.raw};
      known.sized = input.has_shape;
      for (const Dimension& dimension : input.dimensions) known.sized = known.sized && dimension.size > 0;
      known.rank = input.dimensions.size();
      known.empty_with = known.sized ? kNeverEmpty : ++inputs_;
      scope.values[input.name] = known;
    }
  }

  // An initializer that is an input, too, may be given by a request.
  static void DefineConstants(const Graph& graph, bool inputs_are_constants, Scope& scope) {
    for (const Tensor& tensor : graph.initializers) {
      if (!inputs_are_constants && scope.values.contains(tensor.name)) continue;
      scope.values[tensor.name] = KnownOf(tensor);
      scope.values[tensor.name].empty_with = kNeverEmpty;
    }
    for (const std::string_view name : graph.sparse_initializers) scope.values[name].constant = true;
  }

  absl::Status VisitNodes(const std::vector<Node>& nodes, const Graph& graph, Scope& scope, int depth) {
    if (depth > kDepthMax) return absl::InvalidArgumentError("the model nests too deeply");
    std::unordered_map<std::string_view, int32_t> declared;
    for (const ValueInfo& value : graph.values) declared[value.name] = value.type;
    for (const ValueInfo& value : graph.outputs) declared[value.name] = value.type;
    for (const Node& node : nodes) {
      if (nodes_++ == kNodesMax) return absl::InvalidArgumentError("the model's functions expand to too many nodes");
      RETURN_IF_ERROR(VisitNode(node, declared, scope, depth));
    }
    return absl::OkStatus();
  }

  absl::Status VisitNode(const Node& node, const std::unordered_map<std::string_view, int32_t>& declared, Scope& scope,
                         int depth) {
    Inputs inputs;
    bool raw = false;
    bool constant = !node.op.starts_with("Random") && node.op != "Bernoulli" && node.op != "Multinomial";
    for (const std::string_view name : node.inputs) {
      inputs.push_back(scope.Find(name));
      raw = raw || (inputs.back() != nullptr && inputs.back()->raw && KeepsRaw(node.op));
      constant = constant && (name.empty() || (inputs.back() != nullptr && inputs.back()->constant));
    }
    std::vector<Known> outputs;
    if (const auto function = functions_.find(Key(node.domain, node.op)); function != functions_.end()) {
      RETURN_IF_ERROR(VisitCall(node, *function->second, inputs, outputs, depth));
    } else {
      RETURN_IF_ERROR(Check(node, inputs));
      outputs = Infer(node, inputs);
      RETURN_IF_ERROR(VisitGraphs(node, inputs, scope, outputs, constant, depth));
    }
    outputs.resize(node.outputs.size());
    const int32_t empty_with = constant ? kNeverEmpty : EmptyWith(node, inputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      Known& output = outputs[i];
      if (const auto it = declared.find(node.outputs[i]); output.type == kUnknownType && it != declared.end()) {
        output = {.type = it->second, .interval = AllOf(it->second)};
      }
      if (i == 0 || node.Is("Split")) output.empty_with = empty_with;
      output.constant = constant;
      output.raw = raw;
      scope.values[node.outputs[i]] = output;
    }
    return absl::OkStatus();
  }

  absl::Status Check(const Node& node, const Inputs& inputs) {
    Needs needs = NeedsOf(node, inputs);
    if (node.Is("Scan") && opset_ < 9) needs.refused = "of opset 8 leaves its state unwritten when there are no steps";
    if (node.Is("Concat")) CheckConcat(node, inputs, needs);
    if (needs.refused.empty() && !needs.guards.empty()) {
      const std::string_view without = needs.guards[0].kind == Guard::kTotal
                                           ? "would be answered with what was in memory for some values"
                                           : "would end the server for some values";
      if (calls_ > 0) needs.refused = StrCat("is part of a function and ", without);
      if (opset_ < kGuardOpset) needs.refused = StrCat(without, "; with opset 9 or later it could be guarded");
    }
    if (!needs.refused.empty()) return Refuse(node, needs.refused);
    for (Guard& guard : needs.guards) {
      // A node without what it needs is the library's to refuse.
      const size_t last = guard.kind == Guard::kDivision ? 1 : guard.input;
      if (last >= node.inputs.size() || node.inputs[last].empty()) continue;
      guard.node = node;
      guards.push_back(std::move(guard));
    }
    return absl::OkStatus();
  }

  // The library does not look whether an input without elements fits, and leaves its place unwritten.
  static void CheckConcat(const Node& node, const Inputs& inputs, Needs& needs) {
    const bool flat = std::any_of(inputs.begin(), inputs.end(), [](const Known* input) {
      return input != nullptr && input->constant && input->rank == 1;
    });
    if (inputs.size() > 1 && !node.outputs.empty() && !flat && !EmptyTogether(inputs))
      needs.guards.push_back({.kind = Guard::kTotal});
  }

  // The body, with what is known of this call's inputs and attributes.
  absl::Status VisitCall(const Node& call, const Function& function, const Inputs& inputs, std::vector<Known>& outputs,
                         int depth) {
    Scope scope;
    for (size_t i = 0; i < function.inputs.size(); ++i) {
      if (i < inputs.size() && inputs[i] != nullptr) scope.values[function.inputs[i]] = *inputs[i];
    }
    budget_.left -= static_cast<int64_t>(function.inputs.size() + function.outputs.size());
    for (const Node& node : function.nodes) {
      budget_.left -= static_cast<int64_t>(1 + node.inputs.size() + node.outputs.size() + node.attributes.size());
    }
    if (budget_.left < 0) return absl::InvalidArgumentError("the model's functions expand to too many nodes");
    std::vector<Node> nodes = function.nodes;
    for (Node& node : nodes) {
      for (Attribute& attribute : node.attributes) Resolve(call, function, attribute);
    }
    ++calls_;
    RETURN_IF_ERROR(VisitNodes(nodes, Graph(), scope, depth + 1));
    --calls_;
    for (const std::string_view name : function.outputs) {
      const Known* const output = scope.Find(name);
      outputs.push_back(output != nullptr ? *output : Known());
    }
    return absl::OkStatus();
  }

  static void Resolve(const Node& call, const Function& function, Attribute& attribute) {
    if (attribute.of_function.empty()) return;
    const std::string_view name = attribute.name;
    const Attribute* value = call.Find(attribute.of_function);
    for (const Attribute& fallback : function.defaults) {
      if (value == nullptr && fallback.name == attribute.of_function) value = &fallback;
    }
    if (value == nullptr) return;
    attribute = *value;
    attribute.name = name;
  }

  // The branches of an If, the body of a Loop, Scan or SequenceMap.
  absl::Status VisitGraphs(const Node& node, const Inputs& inputs, Scope& scope, std::vector<Known>& outputs,
                           bool& constant, int depth) {
    for (const Attribute& attribute : node.attributes) {
      if (attribute.graph.data() == nullptr) continue;
      constant = false;
      ASSIGN_OR_RETURN(const Graph graph, ReadGraph(attribute.graph, budget_));
      Scope inner{.outer = &scope};
      DefineInputs(graph, BodyInputs(node, inputs), inner);
      DefineConstants(graph, /*inputs_are_constants=*/false, inner);
      RETURN_IF_ERROR(VisitNodes(graph.nodes, graph, inner, depth + 1));
      // A Loop's body answers the condition first.
      const size_t skip = node.Is("Loop") ? 1 : 0;
      for (size_t i = 0; i + skip < graph.outputs.size() && i < outputs.size(); ++i) {
        const Known* const output = inner.Find(graph.outputs[i + skip].name);
        const int32_t type = output != nullptr ? output->type : graph.outputs[i + skip].type;
        outputs[i] = {.type = type, .interval = AllOf(type)};
      }
    }
    return absl::OkStatus();
  }

  // Types only: values change from round to round.
  static std::vector<Known> BodyInputs(const Node& node, const Inputs& inputs) {
    if (node.Is("If")) return {};
    std::vector<Known> given;
    if (node.Is("Loop")) given = {{.type = kInt64, .interval = kSizes}, {.type = kBool, .interval = {0, 1}}};
    for (size_t i = given.size(); i < inputs.size(); ++i) {
      const int32_t type = i < inputs.size() && inputs[i] != nullptr ? inputs[i]->type : kUnknownType;
      given.push_back({.type = type, .interval = AllOf(type)});
    }
    return given;
  }

  ReadBudget budget_;
  int64_t nodes_ = 0;
  int64_t opset_ = 0;
  int calls_ = 0;  // how deep in functions
  int32_t inputs_ = 0;
  std::unordered_map<Name, const Function*, Hash> functions_;
};

}  // namespace

absl::StatusOr<std::vector<Guard>> FindHazards(std::string_view model) {
  Scan scan;
  RETURN_IF_ERROR(scan.Run(model));
  return std::move(scan.guards);
}

}  // namespace sluice::onnx
