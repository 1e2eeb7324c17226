// A decoded image and the words used to talk about one.
//
//   file bytes ─► ProbeImage (header, limits) ─► DecodeImage (pixels, maybe smaller) ─► Resizer (float tensor, upright)
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice {

enum class ColorOrder : uint8_t { kRgb, kBgr };
enum class ImageFormat : uint8_t { kJpeg, kPng, kWebp };

// How an image is brought to the size of a model's input.
enum class ResizeMode : uint8_t {
  kStretch,    // both sides to the input's size; the aspect ratio is lost
  kLetterbox,  // same factor for both sides, image at top-left, black to the right or below
};

// Bounds checked from the header, before any pixel is allocated.
struct ImageLimits {
  int64_t pixels_max = 50'000'000;
  int side_max = 16384;
};

// What a file's header says.
struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;  // upright, in pixels: EXIF orientation applied
  int height = 0;
  int orientation = 1;  // EXIF, 1..8: how the stored pixels have to be turned

  bool transposed() const { return orientation >= 5; }
  int stored_width() const { return transposed() ? height : width; }
  int stored_height() const { return transposed() ? width : height; }
};

// Pixels as stored in the file (orientation not applied), 3 bytes each, rows without gaps, maybe shrunk by the decoder.
// Reuse one Image for many images: the buffer only grows, until a small image follows a huge one.
struct Image {
  int width = 0;
  int height = 0;
  ColorOrder order = ColorOrder::kRgb;
  // The part of width × height that the image covers, in pixels. A shrinking decoder rounds the size up, so that the
  // last column or row may lie partly outside; ignoring that would shift boxes by up to one shrunk pixel.
  double extent_x = 0;
  double extent_y = 0;
  std::vector<uint8_t> pixels;  // at least height * stride() bytes

  size_t stride() const { return static_cast<size_t>(width) * 3; }
  uint8_t* Row(int y) { return pixels.data() + stride() * y; }
  const uint8_t* Row(int y) const { return pixels.data() + stride() * y; }

  // Sets the size; the extent is all of it. The pixels' values are unspecified.
  void Allocate(int new_width, int new_height, ColorOrder new_order) {
    constexpr size_t kKeepBytesMax = 32u << 20;
    width = new_width;
    height = new_height;
    order = new_order;
    extent_x = new_width;
    extent_y = new_height;
    size_t need = stride() * height;
    if (pixels.capacity() > kKeepBytesMax && need <= kKeepBytesMax) std::vector<uint8_t>().swap(pixels);
    if (pixels.size() < need) pixels.resize(need);
  }
};

}  // namespace sluice
