#include "pipeline/image/shrink.h"

#include <algorithm>
#include <cstddef>

// The loops over a row are only worth it as vectors, which gcc 12 makes at -O3.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

namespace sluice {
namespace {

// Right for 0 to 255, and a vector instruction, which lround is not.
inline uint8_t Rounded(float level) {
  return static_cast<uint8_t>(static_cast<int32_t>(level + 0.5f));  // NOLINT(bugprone-incorrect-roundings)
}

}  // namespace

void RowShrinker::Start(int width, int factor_x, int factor_y) {
  width_ = width;
  factor_x_ = factor_x;
  factor_y_ = factor_y;
  rows_ = 0;
  sums_.resize(static_cast<size_t>(width) * 3);
}

void RowShrinker::Add(const uint8_t* row) {
  int32_t* sums = sums_.data();
  size_t n = sums_.size();
  if (rows_++ == 0) {
    for (size_t i = 0; i < n; ++i) sums[i] = row[i];
  } else {
    for (size_t i = 0; i < n; ++i) sums[i] += row[i];
  }
}

void RowShrinker::TakeColumns(uint8_t* out) const {
  const int32_t* sums = sums_.data();
  size_t n = sums_.size();
  float inverse = 1.0f / static_cast<float>(rows_);
  for (size_t i = 0; i < n; ++i) {
    out[i] = Rounded(static_cast<float>(sums[i]) * inverse);
  }
}

void RowShrinker::Take(uint8_t* out) {
  if (factor_x_ == 1) {
    TakeColumns(out);
    rows_ = 0;
    return;
  }
  const int32_t* sums = sums_.data();
  for (int x = 0; x < width_; x += factor_x_) {
    int columns = std::min(factor_x_, width_ - x);
    int64_t total[3] = {0, 0, 0};
    for (int i = 0; i < columns; ++i, sums += 3) {
      for (int c = 0; c < 3; ++c) total[c] += sums[c];
    }
    float inverse = 1.0f / (static_cast<float>(columns) * static_cast<float>(rows_));
    for (int c = 0; c < 3; ++c) *out++ = Rounded(static_cast<float>(total[c]) * inverse);
  }
  rows_ = 0;
}

}  // namespace sluice
