#include "engine/onnx/infer.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/onnx/infer_rules.h"
#include "engine/onnx/tensor_range.h"

namespace sluice::onnx {
namespace {

using Inputs = std::span<const Known* const>;

Known In(Inputs inputs, size_t i) { return i < inputs.size() && inputs[i] != nullptr ? *inputs[i] : Known(); }
int32_t TypeOf(Inputs inputs, size_t i) { return In(inputs, i).type; }
Known Of(int32_t type, Interval interval) { return {.type = type, .interval = interval}; }
Known Of(int32_t type) { return Of(type, AllOf(type)); }

int32_t TypeAttribute(const Node& node, std::string_view name, int32_t otherwise) {
  const Attribute* const attribute = node.Find(name);
  if (attribute == nullptr) return otherwise;
  return attribute->of_function.empty() ? static_cast<int32_t>(attribute->i) : kUnknownType;
}

Interval WithZero(Interval interval) { return Union(interval, {0, 0}); }

Interval Limited(Interval a, Inputs inputs) {
  if (inputs.size() > 1 && inputs[1] != nullptr) a = Greatest(a, inputs[1]->interval);
  if (inputs.size() > 2 && inputs[2] != nullptr) a = Least(a, inputs[2]->interval);
  return a;
}

// Of the type's own numbers: what leaves them has wrapped around.
Known Wrapped(int32_t type, Interval interval) {
  const Interval all = AllOf(type);
  return Of(type, all.Has(interval.least) && all.Has(interval.greatest) ? interval : all);
}

Known Arithmetic(const Node& node, Inputs inputs) {
  const Known first = In(inputs, 0), second = In(inputs, 1);
  const int32_t type = first.type != kUnknownType ? first.type : second.type;
  const Interval a = first.interval, b = second.interval;
  if (node.op == "Add") return Wrapped(type, Add(a, b));
  if (node.op == "Sub") return Wrapped(type, Subtract(a, b));
  if (node.op == "Mul") return Wrapped(type, Multiply(a, b));
  if (node.op == "Div") return Wrapped(type, Divide(a, b));
  if (node.op == "Mod") return Wrapped(type, node.Find("fmod") == nullptr ? Modulo(a, b) : kEverything);
  if (node.op == "Neg") return Wrapped(type, Subtract({0, 0}, a));
  if (node.op == "Sign") return Of(type, {-1, 1});
  if (node.op == "Range") return Wrapped(type, Union(a, b));
  if (node.op == "Clip") return Wrapped(type, Limited(a, inputs));
  Interval all = a;
  for (size_t i = 1; i < inputs.size(); ++i) {
    all = node.op == "Min" ? Least(all, In(inputs, i).interval) : Greatest(all, In(inputs, i).interval);
  }
  return Wrapped(type, all);
}

Known Join(const Node& node, Inputs inputs) {
  if (node.op == "Concat") {
    Known all = In(inputs, 0);
    for (size_t i = 1; i < inputs.size(); ++i) all.interval = Union(all.interval, In(inputs, i).interval);
    return Of(all.type, all.interval);
  }
  // With a reduction (add, mul …) elements are computed.
  if (node.Find("reduction") != nullptr) return Of(TypeOf(inputs, 0));
  return Of(TypeOf(inputs, 0), Union(In(inputs, 0).interval, In(inputs, 2).interval));
}

Known Constant(const Node& node) {
  for (const std::string_view name : {"value", "sparse_value"}) {
    const Attribute* const attribute = node.Find(name);
    if (attribute == nullptr || attribute->tensor.empty()) continue;
    const auto tensor = ReadTensor(attribute->tensor);
    return tensor.ok() ? KnownOf(*tensor) : Known();
  }
  if (const Attribute* const one = node.Find("value_int")) return Of(kInt64, {one->i, one->i});
  if (const Attribute* const list = node.Find("value_ints"); list != nullptr && !list->ints.empty()) {
    const auto [least, greatest] = std::minmax_element(list->ints.begin(), list->ints.end());
    return Of(kInt64, {*least, *greatest});
  }
  if (node.Find("value_float") != nullptr || node.Find("value_floats") != nullptr) return Of(kFloat);
  if (node.Find("value_string") != nullptr || node.Find("value_strings") != nullptr) return Of(kString);
  return {};
}

Known Cast(const Known& from, int32_t to) {
  const Interval all = AllOf(to);
  const bool whole = from.type == kBool || (from.type >= kUint8 && from.type <= kInt64) || from.type == kUint32;
  return whole && all.Has(from.interval.least) && all.Has(from.interval.greatest) ? Of(to, from.interval) : Of(to);
}

Known ByRule(Rule rule, const Node& node, Inputs inputs, size_t output) {
  switch (rule) {
    case Rule::kSame: return Of(TypeOf(inputs, 0), WithZero(In(inputs, 0).interval));
    case Rule::kSameAndSizes: return output == 0 ? Of(TypeOf(inputs, 0), In(inputs, 0).interval) : Of(kInt64, kSizes);
    case Rule::kSameType: return Of(TypeOf(inputs, 0));
    case Rule::kSizes: return Of(kInt64, kSizes);
    case Rule::kBool: return Of(kBool);
    case Rule::kFloat: return Of(kFloat);
    case Rule::kInt32: return Of(kInt32);
    case Rule::kSecondType: return Of(TypeOf(inputs, 1));
    case Rule::kThirdType: return Of(TypeOf(inputs, 2), WithZero(In(inputs, 2).interval));
    case Rule::kJoin: return Join(node, inputs);
    case Rule::kArithmetic: return Arithmetic(node, inputs);
  }
  return {};
}

// Operators whose outputs' types are their attributes', or several.
Known ByName(const Node& node, Inputs inputs, size_t output) {
  const auto is = [&node](std::string_view op) { return node.op == op; };
  if (is("Constant")) return Constant(node);
  if (is("Cast")) return Cast(In(inputs, 0), TypeAttribute(node, "to", kUnknownType));
  if (is("Where")) return Of(TypeOf(inputs, 1), Union(In(inputs, 1).interval, In(inputs, 2).interval));
  if (is("Pad"))
    return Of(TypeOf(inputs, 0),
              WithZero(Union(In(inputs, 0).interval,
                             inputs.size() > 2 && inputs[2] != nullptr ? inputs[2]->interval : Interval{0, 0})));
  if (is("ConstantOfShape")) {
    const Known value = Constant(node);
    return value.type == kUnknownType && node.Find("value") == nullptr ? Of(kFloat) : Of(value.type, value.interval);
  }
  if (is("RandomNormalLike") || is("RandomUniformLike") || is("Bernoulli"))
    return Of(TypeAttribute(node, "dtype", TypeOf(inputs, 0)));
  if (is("EyeLike")) return Of(TypeAttribute(node, "dtype", TypeOf(inputs, 0)), {0, 1});
  if (is("Dropout")) return output == 0 ? Of(TypeOf(inputs, 0)) : Of(kBool);
  if (is("Multinomial")) return Of(TypeAttribute(node, "dtype", kInt32), kSizes);
  if (is("RandomNormal") || is("RandomUniform") || is("SequenceEmpty")) return Of(TypeAttribute(node, "dtype", kFloat));
  if (is("HannWindow") || is("HammingWindow") || is("BlackmanWindow") || is("MelWeightMatrix"))
    return Of(TypeAttribute(node, "output_datatype", kFloat));
  if (is("QuantizeLinear"))
    return Of(TypeOf(inputs, 2) != kUnknownType ? TypeOf(inputs, 2) : TypeAttribute(node, "output_dtype", kUint8));
  if (is("DynamicQuantizeLinear")) return Of(output == 1 ? kFloat : kUint8);
  if (is("QLinearMatMul") || is("QLinearConv")) return Of(TypeOf(inputs, 7));
  if (is("StringSplit")) return output == 0 ? Of(kString) : Of(kInt64, kSizes);
  return {};
}

// Operators beside ONNX's own that nets are full of.
Known ByOtherDomain(const Node& node, Inputs inputs, size_t output) {
  if (node.domain == "com.microsoft") return Of(TypeOf(inputs, 0));  // nearly all of them are layers
  if (node.domain != "ai.onnx.ml") return {};
  if (node.op == "ArrayFeatureExtractor" || node.op == "Imputer" || node.op == "Binarizer")
    return Of(TypeOf(inputs, 0));
  if (node.op.ends_with("Classifier")) return output == 1 ? Of(kFloat) : Known();
  for (const std::string_view op : {"Normalizer", "Scaler", "FeatureVectorizer", "OneHotEncoder"}) {
    if (node.op == op) return Of(kFloat);
  }
  return node.op.ends_with("Regressor") ? Of(kFloat) : Known();
}

}  // namespace

Known KnownOf(const Tensor& tensor) {
  Known known = Of(tensor.type);
  RangeOf(tensor, known.interval.least, known.interval.greatest);
  known.constant = true;
  known.rank = tensor.rank;
  return known;
}

std::vector<Known> Infer(const Node& node, std::span<const Known* const> inputs) {
  std::vector<Known> outputs(node.outputs.size());
  if (!node.Is(node.op)) {
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = ByOtherDomain(node, inputs, i);
    return outputs;
  }
  const std::optional<Rule> rule = RuleOf(node.op);
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = rule ? ByRule(*rule, node, inputs, i) : ByName(node, inputs, i);
  }
  return outputs;
}

}  // namespace sluice::onnx
