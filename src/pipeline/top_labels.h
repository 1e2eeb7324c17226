// From a row of scores to the best labels.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sluice {

struct ScoredLabel {
  std::string label;
  float confidence = 0;
};

// The `top` best of `scores`, by descending score; equal ones in the labels' order. `logits`: they go through a softmax
// first. `labels` has as many entries as `scores`.
std::vector<ScoredLabel> TopLabels(std::span<const float> scores, const std::vector<std::string>& labels, size_t top,
                                   bool logits);

}  // namespace sluice
