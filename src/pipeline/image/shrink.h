// Averages blocks of pixels: the part of a reduction by more than 2 that bilinear sampling would skip over.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice {

// Rows go in, shrunk rows come out: each output pixel is the mean of a block of factor_x × factor_y pixels (fewer at
// the right and bottom edges). Owned and used by one thread; keeps its buffer.
class RowShrinker {
 public:
  // `width` in pixels of 3 bytes; both factors >= 1.
  void Start(int width, int factor_x, int factor_y);

  int out_width() const { return (width_ + factor_x_ - 1) / factor_x_; }
  // A full block of rows has been added.
  bool full() const { return rows_ == factor_y_; }
  bool empty() const { return rows_ == 0; }

  void Add(const uint8_t* row);
  // Writes 3 * out_width() bytes, the mean of the rows added since the last Take; at least one.
  void Take(uint8_t* out);

 private:
  void TakeColumns(uint8_t* out) const;  // when factor_x is 1

  int width_ = 0;
  int factor_x_ = 1;
  int factor_y_ = 1;
  int rows_ = 0;
  std::vector<int32_t> sums_;  // 3 * width: sums over the rows of the block
};

}  // namespace sluice
