#include "pipeline/image/resize.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

// Columns that are turned at once: 16 floats are one cache line of the tensor.
constexpr int kBlockLines = 16;

// Output `index` of `count` among `extent` inputs: its left (or upper) neighbour, and the weight of the other one.
struct Position {
  int index;
  float weight;
};

Position PositionOf(int index, int count, double extent, int size) {
  double at = std::clamp((index + 0.5) * extent / count - 0.5, 0.0, static_cast<double>(size - 1));
  int left = std::min(static_cast<int>(at), std::max(0, size - 2));
  return {left, static_cast<float>(at - left)};
}

// Up to half the size, two neighbours of each output pixel leave no input out.
int FactorOf(double extent, int pixels) { return extent <= 2.0 * pixels ? 1 : static_cast<int>(extent / pixels); }

// The affine map in the order of the image's channels.
Affine AffineOf(const InputFormat& format, ColorOrder image_order) {
  Affine affine = {};
  for (int c = 0; c < 3; ++c) {
    int channel = image_order == format.order ? c : 2 - c;
    affine.scale[c] = format.scale / format.std[channel] / kBlendUnit;
    affine.offset[c] = -format.mean[channel] / format.std[channel];
  }
  return affine;
}

// Level 0 in the part of the tensor that the image does not cover.
void Pad(const InputFormat& format, const Placement& placement, float* tensor) {
  if (placement.width == format.width && placement.height == format.height) return;
  bool planar = format.layout == Layout::kNchw;
  for (int c = 0; c < 3; ++c) {
    float value = -format.mean[c] / format.std[c];
    size_t pixel_step = planar ? 1 : 3;
    float* plane = planar ? tensor + static_cast<size_t>(c) * format.width * format.height : tensor + c;
    for (int y = 0; y < format.height; ++y) {
      float* row = plane + static_cast<size_t>(y) * format.width * pixel_step;
      for (int x = y < placement.height ? placement.width : 0; x < format.width; ++x) row[x * pixel_step] = value;
    }
  }
}

}  // namespace

Placement PlaceImage(ResizeMode mode, int image_width, int image_height, int input_width, int input_height) {
  if (mode == ResizeMode::kStretch) return {input_width, input_height};
  double across = static_cast<double>(input_width) / image_width;
  double down = static_cast<double>(input_height) / image_height;
  double factor = std::min(across, down);
  auto scaled = [factor](int side, int side_max) {
    return std::clamp(static_cast<int>(std::lround(side * factor)), 1, side_max);
  };
  return {scaled(image_width, input_width), scaled(image_height, input_height)};
}

Placement Resizer::Resize(const Image& image, const ImageInfo& info, const InputFormat& format,
                          std::span<float> tensor) {
  Placement placement = PlaceImage(format.mode, info.width, info.height, format.width, format.height);
  int o = info.orientation;
  Walk walk = {.line_pixels = info.transposed() ? placement.height : placement.width,
               .lines = info.transposed() ? placement.width : placement.height,
               .flip_x = o == 2 || o == 3 || o == 7 || o == 8,
               .flip_y = o == 3 || o == 4 || o == 6 || o == 7};
  Start(image, walk);
  affine_ = AffineOf(format, image.order);
  Pad(format, placement, tensor.data());
  if (info.transposed()) {
    WriteColumns(image, walk, format, tensor.data());
  } else {
    WriteRows(image, walk, format, tensor.data());
  }
  return placement;
}

void Resizer::Start(const Image& image, const Walk& walk) {
  factor_x_ = FactorOf(image.extent_x, walk.line_pixels);
  factor_y_ = FactorOf(image.extent_y, walk.lines);
  extent_x_ = image.extent_x / factor_x_;
  extent_y_ = image.extent_y / factor_y_;
  width_ = (image.width + factor_x_ - 1) / factor_x_;
  height_ = (image.height + factor_y_ - 1) / factor_y_;
  shrunk_index_ = {-1, -1};
  if (factor_y_ > 1) {
    shrinker_.Start(image.width, 1, factor_y_);
    for (auto& row : shrunk_rows_) row.resize(image.stride());
  }
  taps_.resize(static_cast<size_t>(walk.line_pixels));
  for (int i = 0; i < walk.line_pixels; ++i) {
    int stored = walk.flip_x ? walk.line_pixels - 1 - i : i;
    Position position = PositionOf(stored, walk.line_pixels, extent_x_, width_);
    taps_[i] = {position.index * 3, position.weight};
  }
  line_.resize(image.stride() + 3 + kLinePadding);
}

// Neighbouring rows are kept in two slots, by parity.
const uint8_t* Resizer::SourceRow(const Image& image, int row) {
  if (factor_y_ == 1) return image.Row(row);
  int slot = row & 1;
  uint8_t* shrunk = shrunk_rows_[slot].data();
  if (shrunk_index_[slot] == row) return shrunk;
  int first = row * factor_y_;
  int last = std::min(first + factor_y_, image.height);
  for (int y = first; y < last; ++y) shrinker_.Add(image.Row(y));
  shrinker_.Take(shrunk);
  shrunk_index_[slot] = row;
  return shrunk;
}

const float* Resizer::BlendLine(const Image& image, const Walk& walk, int line) {
  int stored = walk.flip_y ? walk.lines - 1 - line : line;
  Position position = PositionOf(stored, walk.lines, extent_y_, height_);
  const uint8_t* upper = SourceRow(image, position.index);
  const uint8_t* lower = SourceRow(image, std::min(position.index + 1, height_ - 1));
  float* out = line_.data();
  BlendRows(upper, lower, position.weight, image.stride(), out);
  if (factor_x_ > 1) AverageBlocks(out, image.width, factor_x_, out);
  size_t n = static_cast<size_t>(width_) * 3;
  std::copy_n(out + n - 3, 3, out + n);  // the right neighbour of the last pixel
  return out;
}

void Resizer::WriteRows(const Image& image, const Walk& walk, const InputFormat& format, float* tensor) {
  size_t plane_values = static_cast<size_t>(format.width) * format.height;
  bool swap = image.order != format.order;
  for (int y = 0; y < walk.lines; ++y) {
    const float* line = BlendLine(image, walk, y);
    size_t row = static_cast<size_t>(y) * format.width;
    if (format.layout == Layout::kNhwc) {
      SampleInterleaved(line, taps_.data(), taps_.size(), affine_, swap, tensor + row * 3);
      continue;
    }
    float* first = tensor + row + (swap ? 2 * plane_values : 0);
    float* third = tensor + row + (swap ? 0 : 2 * plane_values);
    float* const planes[3] = {first, tensor + row + plane_values, third};
    SamplePlanar(line, taps_.data(), taps_.size(), affine_, planes);
  }
}

void Resizer::WriteColumns(const Image& image, const Walk& walk, const InputFormat& format, float* tensor) {
  size_t plane_values = static_cast<size_t>(format.width) * format.height;
  size_t length = taps_.size();
  bool swap = image.order != format.order;
  bool planar = format.layout == Layout::kNchw;
  block_.resize(kBlockLines * length * 3);
  for (int x = 0; x < walk.lines; x += kBlockLines) {
    int count = std::min(kBlockLines, walk.lines - x);
    for (int k = 0; k < count; ++k) {
      const float* line = BlendLine(image, walk, x + k);
      float* column = block_.data() + static_cast<size_t>(k) * length * 3;
      float* const planes[3] = {column + (swap ? 2 * length : 0), column + length, column + (swap ? 0 : 2 * length)};
      SamplePlanar(line, taps_.data(), length, affine_, planes);
    }
    for (int c = 0; c < 3; ++c) {
      for (size_t y = 0; y < length; ++y) {
        size_t pixel = y * format.width + x;
        float* to = planar ? tensor + c * plane_values + pixel : tensor + pixel * 3 + c;
        const float* from = block_.data() + c * length + y;
        for (int k = 0; k < count; ++k) to[planar ? k : k * 3] = from[static_cast<size_t>(k) * length * 3];
      }
    }
  }
}

}  // namespace sluice
