// JPEG: baseline, progressive and arithmetic; grey, YCbCr, RGB, CMYK and YCCK; 8 bits.
#pragma once

#include <stop_token>
#include <string_view>

#include "absl/status/status.h"
#include "pipeline/image/image.h"

namespace sluice {

struct JpegOptions {
  ColorOrder order = ColorOrder::kRgb;
  // 1, 2, 4 or 8: decode at that fraction of the size. Cheap (the inverse DCT is made smaller) and well filtered.
  int shrink = 1;
  // Smooth chroma upsampling and the exact inverse DCT, as OpenCV and browsers do. Without it a 4:2:0 image decodes
  // about a tenth faster and differs by a few levels at coloured edges; detectors score the same on both (measured).
  bool fine = false;
  std::stop_token stop = {};
};

// Decodes into `out`, whose buffer is reused. `info` is what ProbeImage said of this file; a size in the pixel data
// that differs is an error. On error the content of `out` is unspecified. Errors: INVALID_IMAGE for damaged, truncated,
// or unsupported (12 bit, lossless) data.
absl::Status DecodeJpeg(std::string_view file, const ImageInfo& info, const JpegOptions& options, Image& out);

}  // namespace sluice
