// An image file to pixels.
#pragma once

#include <stop_token>
#include <string_view>

#include "absl/status/status.h"
#include "pipeline/image/image.h"

namespace sluice {

struct DecodeOptions {
  ColorOrder order = ColorOrder::kRgb;
  // The size, upright, that the image will be resized to. A larger one may be decoded smaller, never below what
  // `mode` needs there. 0 = decode at full size.
  int target_width = 0;
  int target_height = 0;
  ResizeMode mode = ResizeMode::kStretch;
  // Exact JPEG decoding (JpegOptions::fine).
  bool fine = false;
  ImageLimits limits = {};
  std::stop_token stop = {};
};

// Decodes a JPEG, PNG or WebP file. `out` gets the pixels as stored (Resizer turns them upright); its buffer is reused,
// so that a worker that keeps its Image allocates no pixels once it has seen its largest image. `info` gets the
// original's upright size; it is also set when the header is fine and the pixels are not.
// Errors: INVALID_IMAGE, IMAGE_TOO_LARGE, CANCELLED (soon after `stop` was requested;
// interlaced PNG looks only before it starts). Any thread; no shared state.
absl::Status DecodeImage(std::string_view file, const DecodeOptions& options, Image& out, ImageInfo& info);

}  // namespace sluice
