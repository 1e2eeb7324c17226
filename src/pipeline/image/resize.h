// Pixels to a model's input in one pass: resize, EXIF orientation, colour order, layout, normalisation.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/image/image.h"
#include "pipeline/image/resize_kernels.h"
#include "pipeline/image/shrink.h"

namespace sluice {

enum class Layout : uint8_t { kNchw, kNhwc };

// What a model needs: value = (level * scale - mean) / std, level 0..255; mean and std in the order of `order`.
struct InputFormat {
  int width = 0;
  int height = 0;
  Layout layout = Layout::kNchw;
  ColorOrder order = ColorOrder::kRgb;
  ResizeMode mode = ResizeMode::kLetterbox;
  float scale = 1.0f;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> std = {1, 1, 1};

  size_t values() const { return static_cast<size_t>(width) * height * 3; }
};

// Where in a model's input the image lies: Resizer puts it there, and boxes find their way back by it.
// The image covers [0, width) × [0, height) of the input, in its pixels; the rest is padding.
struct Placement {
  int width = 0;
  int height = 0;
};

// `image_*` is the upright original, `input_*` the model's input; all > 0. Both sides of the result are >= 1.
Placement PlaceImage(ResizeMode mode, int image_width, int image_height, int input_width, int input_height);

// Bilinear with OpenCV's pixel centres (INTER_LINEAR within one level) down to half the size; below that, blocks of
// pixels are averaged first. Owned and used by one thread; keeps its buffers, so that it allocates nothing in the
// long run.
class Resizer {
 public:
  // Fills all of `tensor` (format.values() floats), padding included (level 0, normalised like the rest). `image` is
  // one that DecodeImage made and `info` what it said of it.
  Placement Resize(const Image& image, const ImageInfo& info, const InputFormat& format, std::span<float> tensor);

 private:
  // The walk is over lines: rows of the tensor, or its columns when orientation exchanges x and y.
  struct Walk {
    int line_pixels;  // pixels of a line
    int lines;
    bool flip_x;  // of the stored image
    bool flip_y;
  };

  void Start(const Image& image, const Walk& walk);
  const uint8_t* SourceRow(const Image& image, int row);
  const float* BlendLine(const Image& image, const Walk& walk, int line);
  void WriteRows(const Image& image, const Walk& walk, const InputFormat& format, float* tensor);
  void WriteColumns(const Image& image, const Walk& walk, const InputFormat& format, float* tensor);

  // The image after block averaging (factors 1: as it is).
  int factor_x_ = 1;
  int factor_y_ = 1;
  int width_ = 0;
  int height_ = 0;
  double extent_x_ = 0;
  double extent_y_ = 0;

  RowShrinker shrinker_;
  std::array<std::vector<uint8_t>, 2> shrunk_rows_;
  std::array<int, 2> shrunk_index_ = {-1, -1};

  std::vector<Tap> taps_;
  std::vector<float> line_;
  std::vector<float> block_;  // some columns, before they are turned into the tensor
  Affine affine_ = {};
};

}  // namespace sluice
