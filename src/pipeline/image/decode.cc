#include "pipeline/image/decode.h"

#include <algorithm>

#include "base/error.h"
#include "base/stop.h"
#include "pipeline/image/decode_jpeg.h"
#include "pipeline/image/decode_png.h"
#include "pipeline/image/decode_webp.h"
#include "pipeline/image/probe.h"

namespace sluice {
namespace {

// By how much both sides may be divided; at least 1.
int ShrinkAllowed(const ImageInfo& info, const DecodeOptions& options) {
  if (options.target_width <= 0 || options.target_height <= 0) return 1;
  int across = info.width / options.target_width;
  int down = info.height / options.target_height;
  return std::max(1, options.mode == ResizeMode::kStretch ? std::min(across, down) : std::max(across, down));
}

int JpegShrink(int allowed) {
  int shrink = 1;
  while (shrink < 8 && shrink * 2 <= allowed) shrink *= 2;
  return shrink;
}

}  // namespace

absl::Status DecodeImage(std::string_view file, const DecodeOptions& options, Image& out, ImageInfo& info) {
  ASSIGN_OR_RETURN(info, ProbeImage(file, options.limits));
  RETURN_IF_ERROR(CheckStop(options.stop));
  int shrink = ShrinkAllowed(info, options);
  switch (info.format) {
    case ImageFormat::kJpeg:
      return DecodeJpeg(file, info, {options.order, JpegShrink(shrink), options.fine, options.stop}, out);
    case ImageFormat::kPng: return DecodePng(file, info, {options.order, shrink, options.stop}, out);
    case ImageFormat::kWebp: return DecodeWebp(file, info, {options.order, shrink, options.stop}, out);
  }
  return Error(Reason::INTERNAL, "unknown image format");
}

}  // namespace sluice
