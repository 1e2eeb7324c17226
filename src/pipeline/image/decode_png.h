// PNG: every colour type and depth, interlaced or not.
#pragma once

#include <stop_token>
#include <string_view>

#include "absl/status/status.h"
#include "pipeline/image/image.h"

namespace sluice {

struct PngOptions {
  ColorOrder order = ColorOrder::kRgb;
  // Average blocks of shrink × shrink pixels while reading, so that a huge image is never held whole. Interlaced
  // images cannot be read by rows: they come at full size.
  int shrink = 1;
  std::stop_token stop = {};
};

// Decodes into `out`, whose buffer is reused. Transparent pixels are laid over white, as a viewer shows them; 16-bit
// samples keep their high byte; gamma and colour profiles are not applied (nor do the trainers of face models).
// Errors: INVALID_IMAGE for damaged or truncated data; a wrong checksum counts as damage.
absl::Status DecodePng(std::string_view file, const ImageInfo& info, const PngOptions& options, Image& out);

}  // namespace sluice
