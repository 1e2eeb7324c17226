// Inputs that a trial makes up for a signature: harmless ones that every engine must answer alike, and hostile ones, as
// a caller may send.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ai/inference/trial.pb.h"
#include "engine/engine.h"

namespace sluice::trial {

using ai::inference::trial::Usual;

enum class Values : uint8_t {
  kZeros,
  kOnes,
  kMixed,     // pseudo-random: floats in [0, 1), integers 0 and 1
  kWide,      // 64-bit numbers that 32 bits cannot hold
  kFar,       // integers beyond every table
  kLeast,     // the smallest number and -1, by turns from input to input: what integer division cannot do
  kMinusOne,  // the other way round
  kMost,      // the largest number, infinity
};
std::string_view NameOf(Values values);

// A shape for each input: open dimensions get `usual` (0: what is common for tensors of that rank), those with one
// symbol one size. Nothing when that is more than 64 M elements in all.
std::optional<std::vector<Shape>> ShapesFor(const ModelSignature& signature, const Usual& usual);

// The elements of input number `index`.
std::string MakeInput(DType dtype, const Shape& shape, Values values, size_t index);

}  // namespace sluice::trial
