// Nodes put before others in an .onnx file, so that what would end the process is an error, or computed another way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/onnx/graph.h"

namespace sluice::onnx {

struct Guard {
  enum Kind {
    kElements,  // `input` has at least one element
    kNotZero,   // `input`, an integer, is not 0
    kInt32,     // `input`, an INT64, is the same in 32 bits, in which the library goes on
    kDivision,  // Div by -1 becomes a negation
    kTotal,     // the first output has as many elements as all inputs together
  };
  Kind kind;
  size_t input = 0;
  int32_t type = kInt64;  // of the input's, or the division's, elements
  Node node;              // in a graph of the model, not in a function
};

// What a guard's node is named when it fails: this, its number (a graph has no name twice), and then the message.
inline constexpr std::string_view kGuardName = "sluice guard ";
inline constexpr std::string_view kGuardMessage = ": ";

// Their first operators are of opset 9.
inline constexpr int64_t kGuardOpset = 9;

// A copy of `model` with the guards; the nodes of `guards` are views into it. What the nodes compute stays the same to
// the bit.
std::string WithGuards(std::string_view model, const std::vector<Guard>& guards);

}  // namespace sluice::onnx
