#include "engine/onnx/infer_rules.h"

#include <initializer_list>
#include <unordered_map>

namespace sluice::onnx {
namespace {

const std::unordered_map<std::string_view, Rule>& Rules() {
  static const auto* const rules = [] {
    auto* all = new std::unordered_map<std::string_view, Rule>;
    const auto add = [all](Rule rule, std::initializer_list<std::string_view> ops) {
      for (const std::string_view op : ops) all->emplace(op, rule);
    };
    add(Rule::kSame, {"Identity",
                      "Reshape",
                      "Squeeze",
                      "Unsqueeze",
                      "Flatten",
                      "Transpose",
                      "Gather",
                      "GatherElements",
                      "GatherND",
                      "Slice",
                      "Split",
                      "Tile",
                      "Expand",
                      "DepthToSpace",
                      "SpaceToDepth",
                      "ReverseSequence",
                      "Compress",
                      "Trilu",
                      "CenterCropPad",
                      "MaxRoiPool",
                      "MaxUnpool",
                      "SequenceAt",
                      "SequenceConstruct",
                      "SequenceErase",
                      "SplitToSequence",
                      "ConcatFromSequence",
                      "Optional",
                      "OptionalGetElement",
                      "Relu"});
    add(Rule::kSameAndSizes, {"TopK", "Unique", "MaxPool"});
    add(Rule::kSameType, {"Abs",
                          "Acos",
                          "Acosh",
                          "Asin",
                          "Asinh",
                          "Atan",
                          "Atanh",
                          "AffineGrid",
                          "Attention",
                          "AveragePool",
                          "BatchNormalization",
                          "BitShift",
                          "BitwiseAnd",
                          "BitwiseNot",
                          "BitwiseOr",
                          "BitwiseXor",
                          "Ceil",
                          "Celu",
                          "Col2Im",
                          "Conv",
                          "ConvTranspose",
                          "Cos",
                          "Cosh",
                          "CumProd",
                          "CumSum",
                          "DFT",
                          "DeformConv",
                          "Det",
                          "Einsum",
                          "Elu",
                          "Erf",
                          "Exp",
                          "Floor",
                          "GRU",
                          "Gelu",
                          "Gemm",
                          "GlobalAveragePool",
                          "GlobalLpPool",
                          "GlobalMaxPool",
                          "GridSample",
                          "GroupNormalization",
                          "HardSigmoid",
                          "HardSwish",
                          "Hardmax",
                          "InstanceNormalization",
                          "LRN",
                          "LSTM",
                          "LayerNormalization",
                          "LeakyRelu",
                          "Log",
                          "LogSoftmax",
                          "LpNormalization",
                          "LpPool",
                          "MatMul",
                          "Mean",
                          "MeanVarianceNormalization",
                          "Mish",
                          "NegativeLogLikelihoodLoss",
                          "PRelu",
                          "Pow",
                          "RMSNormalization",
                          "RNN",
                          "Reciprocal",
                          "ReduceL1",
                          "ReduceL2",
                          "ReduceLogSum",
                          "ReduceLogSumExp",
                          "ReduceMax",
                          "ReduceMean",
                          "ReduceMin",
                          "ReduceProd",
                          "ReduceSum",
                          "ReduceSumSquare",
                          "Resize",
                          "RoiAlign",
                          "RotaryEmbedding",
                          "Round",
                          "STFT",
                          "Selu",
                          "Shrink",
                          "Sigmoid",
                          "Sin",
                          "Sinh",
                          "Softmax",
                          "SoftmaxCrossEntropyLoss",
                          "Softplus",
                          "Softsign",
                          "Sqrt",
                          "StringConcat",
                          "StringNormalizer",
                          "Sum",
                          "Swish",
                          "Tan",
                          "Tanh",
                          "TensorScatter",
                          "ThresholdedRelu",
                          "Upsample"});
    add(Rule::kSizes, {"Shape", "Size", "NonZero", "ArgMax", "ArgMin", "NonMaxSuppression", "SequenceLength"});
    add(Rule::kBool, {"And", "Or", "Not", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsNaN",
                      "IsInf", "OptionalHasElement", "RegexFullMatch"});
    add(Rule::kFloat, {"TfIdfVectorizer"});
    add(Rule::kInt32, {"MatMulInteger", "ConvInteger"});
    add(Rule::kSecondType, {"CastLike", "DequantizeLinear"});
    add(Rule::kThirdType, {"OneHot"});
    add(Rule::kJoin, {"Concat", "ScatterElements", "ScatterND", "Scatter"});
    add(Rule::kArithmetic, {"Add", "Sub", "Mul", "Div", "Mod", "Neg", "Min", "Max", "Clip", "Sign", "Range"});
    return all;
  }();
  return *rules;
}

}  // namespace

std::optional<Rule> RuleOf(std::string_view op) {
  const auto found = Rules().find(op);
  return found == Rules().end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sluice::onnx
