#include "engine/onnx/guards.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/strings.h"
#include "base/text.h"
#include "engine/onnx/wire.h"

namespace sluice::onnx {
namespace {

// Makes nodes and appends them to a graph's bytes.
class Writer {
 public:
  Writer(std::string& graph, int& count) : graph_(graph), count_(count) {}

  std::string NewName() { return StrCat("sluice/guard/", count_++); }

  std::string Make(std::string_view op, const std::vector<std::string>& inputs, std::string_view attribute = {},
                   std::string_view name = {}, std::string_view into = {}) {
    std::string output = into.empty() ? NewName() : std::string(into);
    std::string node;
    for (const std::string& input : inputs) AppendField(1, input, node);
    AppendField(2, output, node);
    AppendField(3, name.empty() ? std::string_view(output) : name, node);
    AppendField(4, op, node);
    if (!attribute.empty()) AppendField(5, attribute, node);
    AppendField(1, node, graph_);
    return output;
  }
  std::string Cast(const std::string& from, int32_t to) {
    std::string attribute;
    AppendField(1, std::string_view("to"), attribute);
    AppendField(3, static_cast<uint64_t>(to), attribute);
    AppendField(20, uint64_t{2}, attribute);  // INT
    return Make("Cast", {from}, attribute);
  }
  // Of a tensor with dimensions. Size is not there for BF16.
  std::string Elements(const std::string& from) {
    std::string attribute;
    AppendField(1, std::string_view("keepdims"), attribute);
    AppendField(3, uint64_t{0}, attribute);
    AppendField(20, uint64_t{2}, attribute);  // INT
    return Make("ReduceProd", {Make("Shape", {from})}, attribute);
  }
  // `list`: of one element, instead of a scalar.
  std::string Constant(int32_t type, int64_t value, bool list = false) {
    std::string tensor, attribute;
    if (list) AppendField(1, uint64_t{1}, tensor);
    AppendField(2, static_cast<uint64_t>(type), tensor);
    AppendField(type == kInt64 ? 7 : 5, static_cast<uint64_t>(value), tensor);
    AppendField(1, std::string_view("value"), attribute);
    AppendField(5, tensor, attribute);
    AppendField(20, uint64_t{4}, attribute);  // TENSOR
    return Make("Constant", {}, attribute);
  }
  // A 0 of INT64 if `good`, else an error that is named `message`.
  std::string ZeroIf(const std::string& good, std::string_view message) {
    const std::string place = Cast(Make("Not", {good}), kInt64);
    const std::string list = Constant(kInt64, 0, /*list=*/true);
    return Make("Gather", {list, place}, {}, StrCat(kGuardName, count_, kGuardMessage, message));
  }

 private:
  std::string& graph_;
  int& count_;
};

std::string NameOf(const Node& node) {
  const std::string_view name = node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name;
  return StrCat(Excerpt(node.op, 64), " '", Excerpt(name, 64), "'");
}

// Makes the nodes before a guarded one; what it shall read instead goes to `inputs`, by place.
void AppendGuard(const Guard& guard, Writer& writer, std::map<size_t, std::string>& inputs) {
  const Node& node = guard.node;
  const std::string from(node.inputs[guard.input]), who = NameOf(node);
  switch (guard.kind) {
    case Guard::kElements: {
      const std::string zero = writer.ZeroIf(writer.Cast(writer.Make("Size", {from}), kBool),
                                             StrCat(who, ": does not support tensors without elements"));
      inputs[guard.input] = writer.Make("Reshape", {from, writer.Make("Add", {writer.Make("Shape", {from}), zero})});
      return;
    }
    case Guard::kNotZero: {
      const std::string zero = writer.ZeroIf(writer.Cast(from, kBool), StrCat(who, ": input ", guard.input, " is 0"));
      inputs[guard.input] = writer.Make("Add", {from, writer.Cast(zero, guard.type)});
      return;
    }
    case Guard::kInt32: {
      const std::string narrow = writer.Cast(writer.Cast(from, onnx::kInt32), kInt64);
      const std::string zero = writer.ZeroIf(writer.Make("Equal", {narrow, from}),
                                             StrCat(who, ": input ", guard.input, " does not fit in 32 bits"));
      inputs[guard.input] = writer.Make("Add", {from, zero});
      return;
    }
    case Guard::kDivision: {
      const std::string dividend(node.inputs[0]), divisor(node.inputs[1]);
      const std::string is = writer.Make("Equal", {divisor, writer.Constant(guard.type, -1)});
      inputs[0] = writer.Make("Where", {is, writer.Make("Neg", {dividend}), dividend});
      inputs[1] = writer.Make("Where", {is, writer.Constant(guard.type, 1), divisor});
      return;
    }
    case Guard::kTotal: return;  // comes after it
  }
}

// Makes the nodes after a guarded one whose output is `from` now.
void AppendTotal(const Node& node, const std::string& from, Writer& writer) {
  std::string total;
  for (const std::string_view input : node.inputs) {
    const std::string size = writer.Elements(std::string(input));
    total = total.empty() ? size : writer.Make("Add", {total, size});
  }
  const std::string zero = writer.ZeroIf(writer.Make("Equal", {total, writer.Elements(from)}),
                                         StrCat(NameOf(node), ": the inputs do not fit together"));
  const std::string shape = writer.Make("Add", {writer.Make("Shape", {from}), zero});
  writer.Make("Reshape", {from, shape}, {}, {}, node.outputs[0]);
}

// Copies a model's bytes, and rewrites the messages that hold guarded nodes.
class Copy {
 public:
  explicit Copy(const std::vector<Guard>& guards) {
    for (const Guard& guard : guards) guards_.emplace(guard.node.message.data(), &guard);
  }

  enum Kind { kModel, kGraph, kNode, kAttribute };

  std::string Of(std::string_view message, Kind kind) {
    std::string out;
    WireReader field(message);
    while (field.Next()) {
      const Kind child = kind == kModel ? kGraph : kind == kGraph ? kNode : kind == kNode ? kAttribute : kGraph;
      const uint32_t number = kind == kModel ? 7 : kind == kGraph ? 1 : kind == kNode ? 5 : 6;
      if (!field.is_bytes || field.number != number || !HoldsGuarded(field.bytes)) {
        out.append(field.whole);
        continue;
      }
      std::string after;
      AppendField(number, child == kNode ? OfNode(field.bytes, out, after) : Of(field.bytes, child), out);
      out += after;
    }
    return out;
  }

 private:
  bool HoldsGuarded(std::string_view message) const {
    const auto it = guards_.lower_bound(message.data());
    return it != guards_.end() && it->first <= message.data() + message.size();
  }

  // The guards go to `graph`, before it, or to `after`.
  std::string OfNode(std::string_view message, std::string& graph, std::string& after) {
    std::map<size_t, std::string> inputs;
    std::string output;
    Writer writer(graph, count_), next(after, count_);
    const auto [first, last] = guards_.equal_range(message.data());
    for (auto it = first; it != last; ++it) {
      const Guard& guard = *it->second;
      if (guard.kind != Guard::kTotal) {
        AppendGuard(guard, writer, inputs);
      } else if (output.empty()) {
        AppendTotal(guard.node, output = writer.NewName(), next);
      }
    }
    const std::string node = Of(message, kNode);
    std::string out;
    WireReader field(node);
    for (size_t i = 0; field.Next();) {
      const auto other = field.number == 1 ? inputs.find(i++) : inputs.end();
      if (field.number == 2 && !output.empty()) {
        AppendField(2, std::exchange(output, {}), out);
      } else if (other == inputs.end()) {
        out.append(field.whole);
      } else {
        AppendField(1, other->second, out);
      }
    }
    return out;
  }

  std::multimap<const char*, const Guard*> guards_;
  int count_ = 0;
};

}  // namespace

std::string WithGuards(std::string_view model, const std::vector<Guard>& guards) {
  return Copy(guards).Of(model, Copy::kModel);
}

}  // namespace sluice::onnx
