#include "base/metrics/histogram.h"

#include <cmath>

namespace sluice {
namespace {

// Four digits: few enough to be read, enough to stay where they are, so that a bound is the same number wherever it is
// computed.
double Rounded(double value) {
  const double scale = std::pow(10, 3 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

Bounds MakeFine() {
  Bounds bounds = {0.0001, 0.00025, 0.0005, 0.00075};
  constexpr int kPerDecade = 25;  // 9.6 % apart
  for (int i = 0; i <= 68; ++i) bounds.push_back(Rounded(0.001 * std::pow(10, double(i) / kPerDecade)));
  for (const double more : {0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0}) bounds.push_back(more);
  return bounds;
}

}  // namespace

const Bounds& FineSeconds() {
  static const Bounds kBounds = MakeFine();
  return kBounds;
}

const Bounds& CoarseSeconds() {
  static const Bounds kBounds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                 0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  return kBounds;
}

Bounds With(Bounds bounds, double bound) {
  if (bound <= 0) return bounds;
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), bound);
  if (at == bounds.end() || *at != bound) bounds.insert(at, bound);
  return bounds;
}

BucketIndex::BucketIndex(const Bounds& bounds) {
  if (bounds.empty()) return;
  base_ = CellOf(bounds.front());
  first_.resize(CellOf(bounds.back()) - base_ + 1);
  for (size_t at = 0, cell = 0; cell < first_.size(); ++cell) {
    while (CellOf(bounds[at]) - base_ < cell) ++at;
    first_[cell] = static_cast<uint8_t>(at);
  }
}

void HistogramSum::Add(const OwnHistogram& part) {
  if (bounds.empty()) {
    bounds = part.bounds();
    counts.resize(bounds.size() + 1);
  }
  if (bounds != part.bounds()) return;
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += part.count(i);
  sum += part.sum();
}

}  // namespace sluice
