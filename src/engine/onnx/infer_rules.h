// Most operators, by what their outputs have in common with their inputs.
#pragma once

#include <optional>
#include <string_view>

namespace sluice::onnx {

// How an operator's outputs follow from its inputs; what is not said here is not known.
enum class Rule {
  kSame,          // all outputs hold elements of the first input, or 0
  kSameAndSizes,  // the first does; the others are places or counts (INT64)
  kSameType,      // all outputs have the type of the first input
  kSizes,         // sizes or places
  kBool,
  kFloat,
  kInt32,
  kSecondType,
  kThirdType,
  kJoin,  // elements of any input
  kArithmetic,
};

// Of an operator of ONNX itself; nothing for one that has no such rule.
std::optional<Rule> RuleOf(std::string_view op);

}  // namespace sluice::onnx
