#include "pipeline/top_labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice {

std::vector<ScoredLabel> TopLabels(std::span<const float> scores, const std::vector<std::string>& labels, size_t top,
                                   bool logits) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(top, order.size()));
  std::partial_sort(order.begin(), end, order.end(),
                    [scores](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  float sum = 1;
  if (logits && !scores.empty()) {
    sum = 0;
    for (const float score : scores) sum += std::exp(score - scores[order[0]]);
  }
  std::vector<ScoredLabel> best;
  for (auto it = order.begin(); it != end; ++it) {
    best.push_back({labels[*it], logits ? std::exp(scores[*it] - scores[order[0]]) / sum : scores[*it]});
  }
  return best;
}

}  // namespace sluice
