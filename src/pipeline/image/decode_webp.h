// WebP: lossy and lossless still images.
#pragma once

#include <stop_token>
#include <string_view>

#include "absl/status/status.h"
#include "pipeline/image/image.h"

namespace sluice {

struct WebpOptions {
  ColorOrder order = ColorOrder::kRgb;
  // Divides both sides (rounded up) while decoding, by averaging.
  int shrink = 1;
  std::stop_token stop = {};  // looked at while a large image is decoded
};

// Decodes into `out`, whose buffer is reused. Transparent pixels are laid over white.
// Errors: INVALID_IMAGE for damaged or truncated data.
absl::Status DecodeWebp(std::string_view file, const ImageInfo& info, const WebpOptions& options, Image& out);

}  // namespace sluice
