#include "engine/onnx/needs.h"

#include <algorithm>
#include <cstdint>

namespace sluice::onnx {
namespace {

Known In(const Inputs& inputs, size_t i) { return i < inputs.size() && inputs[i] != nullptr ? *inputs[i] : Known(); }
bool Given(const Inputs& inputs, size_t i) { return i < inputs.size() && inputs[i] != nullptr; }

// The smallest INT32 or INT64 divided by -1 has no place in its type, and the processor stops the program.
void CheckDiv(const Inputs& inputs, Needs& needs) {
  const Known dividend = In(inputs, 0), divisor = In(inputs, 1);
  const int32_t type = dividend.type != kUnknownType ? dividend.type : divisor.type;
  if (type != kInt32 && type != kInt64 && type != kUnknownType) return;
  const bool smallest = type == kInt32 ? dividend.interval.least <= INT32_MIN : dividend.interval.least == INT64_MIN;
  if (!smallest || !divisor.interval.Has(-1)) return;
  needs.guards.push_back({.kind = Guard::kDivision, .type = type});
  if (type == kUnknownType) {
    needs.refused = "divides, possibly integers by -1; dividing the smallest integer by -1 would end the server";
  }
}

// Kernels without elements are never done, or end the process. A written kernel_shape is held against the weights.
void CheckConv(const Node& node, const Inputs& inputs, Needs& needs) {
  const Known weights = In(inputs, 1);
  const Attribute* const kernel = node.Find("kernel_shape");
  const bool written = kernel != nullptr && !kernel->ints.empty() &&
                       std::all_of(kernel->ints.begin(), kernel->ints.end(), [](int64_t size) { return size > 0; });
  if (!weights.constant && !weights.sized && !written) needs.Elements(1);
}

// In three dimensions, an input without elements whose output has some is read beyond its end.
void CheckConvTranspose(const Node& node, const Inputs& inputs, Needs& needs) {
  const Attribute* const kernel = node.Find("kernel_shape");
  const size_t dimensions = kernel != nullptr ? kernel->ints.size() : std::max<size_t>(In(inputs, 1).rank, 2) - 2;
  if (dimensions != 1 && dimensions != 2) needs.Elements(0);
}

void CheckStft(const Inputs& inputs, Needs& needs) {
  for (const size_t i : {1, 3}) {
    if (!Given(inputs, i) || inputs[i]->constant) continue;
    const int32_t type = inputs[i]->type == kInt32 ? kInt32 : kInt64;
    needs.guards.push_back({.kind = Guard::kNotZero, .input = i, .type = type});
  }
  if (Given(inputs, 2) && !inputs[2]->constant) needs.Elements(2);
}

// The library goes on in 32 bits, without a look at the others.
void CheckNarrowed(const Inputs& inputs, size_t input, Needs& needs) {
  const Known known = In(inputs, input);
  if (!Given(inputs, input) || known.type == kInt32) return;
  const Interval narrow = AllOf(kInt32);
  if (!narrow.Has(known.interval.least) || !narrow.Has(known.interval.greatest)) {
    needs.guards.push_back({.kind = Guard::kInt32, .input = input});
  }
}

// With as many samples as a region of an image has pixels, a region of a request takes as long as its numbers say.
void CheckRoiAlign(const Node& node, const Inputs& inputs, Needs& needs) {
  const Attribute* const ratio = node.Find("sampling_ratio");
  if ((ratio != nullptr && ratio->i > 0) || !In(inputs, 1).raw) return;
  needs.refused = "takes regions from a request and has no sampling_ratio; a huge region would never finish";
}

// Every operator of other domains is younger and less tried.
void CheckOthers(const Node& node, const Inputs& inputs, Needs& needs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!node.inputs[i].empty() && !In(inputs, i).constant) needs.Elements(i);
  }
}

void CheckNode(const Node& node, const Inputs& inputs, Needs& needs) {
  if (!node.Is(node.op)) return CheckOthers(node, inputs, needs);
  if (node.op == "Div") return CheckDiv(inputs, needs);
  if (node.op == "Conv") return CheckConv(node, inputs, needs);
  if (node.op == "ConvTranspose") return CheckConvTranspose(node, inputs, needs);
  if (node.op == "LSTM" || node.op == "GRU") return needs.Elements(0);
  if (node.op == "Unique" && node.Find("axis") != nullptr) return needs.Elements(0);
  if (node.op == "STFT") return CheckStft(inputs, needs);
  if (node.op == "TopK" || node.op == "DFT") return CheckNarrowed(inputs, 1, needs);
  // Sums of nothing are left unwritten.
  if (node.op == "MatMulInteger" || node.op == "QLinearMatMul") {
    const size_t weights = node.op == "MatMulInteger" ? 1 : 3;
    if (!In(inputs, weights).constant && !In(inputs, weights).sized) needs.Elements(weights);
    return;
  }
  // Three numbers, each of which is read from a tensor without a look at its size.
  if (node.op == "NonMaxSuppression") {
    for (size_t i = 2; i < inputs.size(); ++i) {
      if (Given(inputs, i) && !inputs[i]->constant && !inputs[i]->sized) needs.Elements(i);
    }
    return;
  }
  if (node.op == "RoiAlign") return CheckRoiAlign(node, inputs, needs);
  const bool gap =
      std::any_of(node.inputs.begin(), node.inputs.end(), [](std::string_view name) { return name.empty(); });
  if (node.op == "Einsum" && gap) needs.refused = "omits an input, which would end the server";
}

}  // namespace

Needs NeedsOf(const Node& node, const Inputs& inputs) {
  Needs needs;
  CheckNode(node, inputs, needs);
  return needs;
}

}  // namespace sluice::onnx
