#include "engine/openvino/whole_numbers.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "engine/openvino/bodies.h"
#include "engine/openvino/request_values.h"
#include "openvino/op/constant.hpp"

namespace sluice {
namespace {

// What an integer may be.
struct Span {
  double low = 0, high = 0;
  bool within(double max) const { return low >= -max && high <= max; }
};
constexpr double kInt32 = INT32_MAX, kSize = kExactInFp32, kAny = 1e30;

Span Union(const Span& a, const Span& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

bool Whole(const ov::element::Type& type) { return type.is_integral_number(); }
// Computed as INT32.
bool Narrowed(const ov::element::Type& type) {
  return type == ov::element::i64 || type == ov::element::u64 || type == ov::element::u32;
}

// What the type itself can hold.
Span Natural(const ov::element::Type& type) {
  if (type == ov::element::i8) return {-128, 127};
  if (type == ov::element::u8) return {0, 255};
  if (type == ov::element::i16) return {-32768, 32767};
  if (type == ov::element::u16) return {0, 65535};
  if (type == ov::element::i32) return {INT32_MIN, kInt32};
  return {-kAny, kAny};
}

Span Product(const Span& a, const Span& b) {
  const double all[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return {*std::min_element(all, all + 4), *std::max_element(all, all + 4)};
}

using Names = std::set<std::string_view>;
const Names kMoves = {"Broadcast",
                      "Clamp",
                      "Concat",
                      "DepthToSpace",
                      "Gather",
                      "GatherElements",
                      "GatherND",
                      "Guard",
                      "Identity",
                      "Maximum",
                      "Minimum",
                      "OneHot",
                      "Pad",
                      "Reshape",
                      "Reverse",
                      "ReverseSequence",
                      "Roll",
                      "ScatterElementsUpdate",
                      "ScatterNDUpdate",
                      "ScatterUpdate",
                      "ShuffleChannels",
                      "Slice",
                      "SliceScatter",
                      "SpaceToDepth",
                      "Split",
                      "Squeeze",
                      "StridedSlice",
                      "Tile",
                      "Transpose",
                      "Unsqueeze",
                      "VariadicSplit",
                      "ReadValue",
                      "Assign"};
const Names kPlaces = {"NonZero",
                       "Unique",
                       "NonMaxSuppression",
                       "MatrixNms",
                       "MulticlassNms",
                       "Bucketize",
                       "SearchSorted",
                       "ShapeOf",
                       "CTCGreedyDecoderSeqLen",
                       "NonMaxSuppressionIEInternal",
                       "NMSRotated"};
const Names kCompares = {"Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"};
// As FP32, and no larger than what goes in.
const Names kInFp32 = {"Divide",  "Mod",   "FloorMod", "Relu",    "PRelu",           "ReduceMax", "ReduceMin",
                       "Ceiling", "Floor", "Round",    "MaxPool", "AdaptiveMaxPool", "Select"};
const Names kBitwise = {"BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitwiseLeftShift", "BitwiseRightShift"};

class Analysis {
 public:
  Analysis(const ov::Model& model, double max) : model_(model), values_(model), max_(max) {}

  absl::Status Run() {
    for (const auto& step : model_.get_ordered_ops()) {
      if (values_.has(step.get())) RETURN_IF_ERROR(Step(*step));
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Refused(const ov::Node& step, std::string_view why) {
    return Error(Reason::UNIMPLEMENTED, StrCat(StepName(step), " ", why, "; use engine: onnxruntime"));
  }
  static absl::Status Inexact(const ov::Node& step) {
    return Refused(step,
                   StrCat("computes in ", step.get_input_element_type(0).to_string(), ", where OpenVINO is not exact"));
  }

  Span Of(const ov::Output<const ov::Node>& port) const {
    const ov::Node* node = port.get_node();
    if (const auto it = spans_.find(node); it != spans_.end()) return it->second;
    if (!Whole(port.get_element_type())) return {0, 1};
    const auto* constant = ov::as_type<const ov::op::v0::Constant>(node);
    if (constant == nullptr) return {-kSize, kSize};  // made of sizes
    const auto all = constant->cast_vector<double>();
    if (all.empty()) return {0, 0};
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    return {*low, *high};
  }
  // Of all integer inputs.
  Span In(const ov::Node& step) const {
    Span span{kAny, -kAny};
    for (size_t i = 0; i < step.get_input_size(); ++i) {
      const auto port = step.get_input_source_output(i);
      if (Whole(port.get_element_type())) span = Union(span, Of(port));
    }
    return span.low > span.high ? Span{0, 1} : span;
  }

  // Sums and products: exact in 32 bits, and INT32 wraps as it should; nothing else may leave them.
  absl::Status Arithmetic(const ov::Node& step, Span span) {
    const auto& type = step.get_output_element_type(0);
    if (!In(step).within(kInt32 + 1)) return Inexact(step);
    const Span natural = Natural(type);
    const bool fits = Narrowed(type) ? span.within(kInt32) : span.low >= natural.low && span.high <= natural.high;
    if (!fits && (Narrowed(type) || type.bitwidth() == 8)) return Inexact(step);
    spans_[&step] = fits ? span : natural;
    return absl::OkStatus();
  }

  absl::Status Step(const ov::Node& step) {
    const std::string_view type = step.get_type_info().name;
    bool whole_in = false, whole_out = false;
    for (size_t i = 0; i < step.get_input_size(); ++i) whole_in |= Whole(step.get_input_element_type(i));
    for (const auto& port : step.outputs()) {
      whole_out |= Whole(port.get_element_type());
      if (port.get_element_type() == ov::element::f64) return Refused(step, "is FP64, which OpenVINO computes as FP32");
    }
    if (const auto bodies = BodiesOf(step); !bodies.empty()) {
      for (const auto& body : bodies) RETURN_IF_ERROR(Analysis(*body, kSize).Run());
      if (whole_out) spans_[&step] = {-kSize, kSize};
      return absl::OkStatus();
    }
    if (type == "Parameter") {
      if (whole_out) spans_[&step] = Clamped(Natural(step.get_output_element_type(0)));
      return absl::OkStatus();
    }
    if (type == "Result")
      return !whole_in || !Narrowed(step.get_input_element_type(0)) || In(step).within(kInt32 + 1) ? absl::OkStatus()
                                                                                                   : Inexact(step);
    if (type == "Convert" || type == "ConvertLike") return Converted(step);
    if (kCompares.contains(type)) return !whole_in || In(step).within(kSize) ? absl::OkStatus() : Inexact(step);
    if (!whole_out) return absl::OkStatus();
    if (kPlaces.contains(type))
      spans_[&step] = {0, kSize};
    else if (type == "TopK")
      spans_[&step] = Whole(step.get_output_element_type(0)) ? Union(In(step), {0, kSize}) : Span{0, kSize};
    else if (kMoves.contains(type))
      spans_[&step] = In(step);
    else
      return Computed(step);
    return absl::OkStatus();
  }

  Span Clamped(const Span& span) const { return {std::max(span.low, -max_), std::min(span.high, max_)}; }

  absl::Status Converted(const ov::Node& step) {
    const auto &from = step.get_input_element_type(0), &to = step.get_output_element_type(0);
    // A number out of range becomes the smallest one, which is not an index.
    if (Whole(to) && !Whole(from)) spans_[&step] = from == ov::element::boolean ? Span{0, 1} : Natural(to);
    if (!Whole(from)) return absl::OkStatus();
    const Span span = Of(step.get_input_source_output(0));
    if (!span.within(kInt32 + 1)) return Inexact(step);
    const Span natural = Natural(to);
    if (Whole(to)) spans_[&step] = span.low >= natural.low && span.high <= natural.high ? span : natural;
    return absl::OkStatus();
  }

  absl::Status Computed(const ov::Node& step) {
    const std::string_view type = step.get_type_info().name;
    const Span a = Of(step.get_input_source_output(0));
    const Span b = step.get_input_size() > 1 ? Of(step.get_input_source_output(1)) : a;
    if (type == "Add") return Arithmetic(step, {a.low + b.low, a.high + b.high});
    if (type == "Subtract") return Arithmetic(step, {a.low - b.high, a.high - b.low});
    if (type == "Multiply") return Arithmetic(step, Product(a, b));
    if (type == "Negative") return Arithmetic(step, {-a.high, -a.low});
    if (type == "Abs") return Arithmetic(step, {0, std::max(-a.low, a.high)});
    if (type == "Sign") return Arithmetic(step, {-1, 1});
    if (type == "SquaredDifference") {
      const double most = std::max(a.high - b.low, b.high - a.low);
      return Arithmetic(step, {0, most * most});
    }
    if (kBitwise.contains(type) && !Narrowed(step.get_output_element_type(0)))
      return Arithmetic(step, Natural(step.get_output_element_type(0)));
    if (type == "CumSum" || type == "ReduceSum") return Summed(step, a);
    if (kInFp32.contains(type) && In(step).within(kSize)) return Arithmetic(step, Union(In(step), {0, 0}));
    if (type == "Range") return Arithmetic(step, Union(a, b));
    return Inexact(step);
  }

  absl::Status Summed(const ov::Node& step, const Span& each) {
    const bool in_fp32 = std::string_view(step.get_type_info().name) == "ReduceSum";
    const ov::PartialShape& shape = step.get_input_partial_shape(0);
    const double count = shape.is_static() ? static_cast<double>(ov::shape_size(shape.to_shape())) : kAny;
    const Span sum = Union(Product(each, {count, count}), {0, 0});
    if (in_fp32 && !sum.within(kSize)) return Inexact(step);
    return Arithmetic(step, sum);
  }

  const ov::Model& model_;
  const RequestValues values_;
  const double max_;
  std::unordered_map<const ov::Node*, Span> spans_;
};

template <class T>
std::optional<std::string> FirstBeyond(const TensorView& tensor, int64_t max) {
  const auto values = tensor.As<T>();
  const auto beyond = [max](T value) {
    if constexpr (std::is_signed_v<T>) return value > max || value < -max;
    return static_cast<uint64_t>(value) > static_cast<uint64_t>(max);
  };
  // Without an early end, so that it is computed eight at a time.
  bool any = false;
  for (const T value : values) any |= beyond(value);
  if (!any) return std::nullopt;
  return StrCat(*std::find_if(values.begin(), values.end(), beyond));
}

}  // namespace

absl::StatusOr<int64_t> WholeNumbersMax(const ov::Model& model) {
  if (Analysis(model, kInt32).Run().ok()) return INT32_MAX;
  RETURN_IF_ERROR(Analysis(model, kSize).Run());
  return kExactInFp32;
}

std::optional<std::string> ValueBeyond(const TensorView& tensor, int64_t max) {
  if (max == INT64_MAX) return std::nullopt;
  switch (tensor.dtype) {
    case DType::kInt64: return FirstBeyond<int64_t>(tensor, max);
    case DType::kUint64: return FirstBeyond<uint64_t>(tensor, max);
    case DType::kUint32: return FirstBeyond<uint32_t>(tensor, max);
    case DType::kInt32: return max < INT32_MAX ? FirstBeyond<int32_t>(tensor, max) : std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace sluice
