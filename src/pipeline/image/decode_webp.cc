#include "pipeline/image/decode_webp.h"

#include <webp/decode.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/stop.h"

namespace sluice {
namespace {

absl::Status Refusal(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY: return Error(Reason::INTERNAL, "out of memory");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return Error(Reason::INVALID_IMAGE, "the WebP's data ends early; send the whole file");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Error(Reason::INVALID_IMAGE, "the WebP uses a feature that is not supported");
    default: return Error(Reason::INVALID_IMAGE, "the WebP is damaged");
  }
}

WEBP_CSP_MODE ModeOf(ColorOrder order, bool alpha) {
  if (alpha) return order == ColorOrder::kRgb ? MODE_rgbA : MODE_bgrA;
  return order == ColorOrder::kRgb ? MODE_RGB : MODE_BGR;
}

// `in` has its alpha multiplied in already.
void LayOverWhite(const uint8_t* in, size_t pixels, uint8_t* out) {
  for (size_t i = 0; i < pixels; ++i, in += 4, out += 3) {
    int white = 255 - in[3];
    for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(std::min(255, in[c] + white));
  }
}

// A larger image is decoded piece by piece, so that it can be stopped.
constexpr int64_t kWholePixelsMax = 1 << 20;
constexpr size_t kPieceBytesMin = 512, kPiecesMax = 64;

struct DeleteDecoder {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

VP8StatusCode DecodePieces(const uint8_t* data, size_t size, WebPDecoderConfig& config, const std::stop_token& stop) {
  const std::unique_ptr<WebPIDecoder, DeleteDecoder> decoder(WebPIDecode(nullptr, 0, &config));
  if (decoder == nullptr) return VP8_STATUS_OUT_OF_MEMORY;
  const size_t piece = std::max(kPieceBytesMin, size / kPiecesMax + 1);
  VP8StatusCode code = VP8_STATUS_SUSPENDED;
  for (size_t have = 0; code == VP8_STATUS_SUSPENDED && have < size;) {
    if (stop.stop_requested()) return VP8_STATUS_USER_ABORT;
    have = std::min(size, have + piece);
    code = WebPIUpdate(decoder.get(), data, have);
  }
  return code;
}

}  // namespace

absl::Status DecodeWebp(std::string_view file, const ImageInfo& info, const WebpOptions& options, Image& out) {
  auto* data = reinterpret_cast<const uint8_t*>(file.data());
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return Error(Reason::INTERNAL, "libwebp has a different version");
  VP8StatusCode code = WebPGetFeatures(data, file.size(), &config.input);
  if (code != VP8_STATUS_OK) return Refusal(code);
  if (config.input.width != info.stored_width() || config.input.height != info.stored_height()) {
    return Error(Reason::INVALID_IMAGE, "the WebP states two different sizes");
  }
  int shrink = options.shrink;
  out.Allocate((config.input.width + shrink - 1) / shrink, (config.input.height + shrink - 1) / shrink, options.order);
  bool alpha = config.input.has_alpha != 0;
  size_t pixels = static_cast<size_t>(out.width) * out.height;
  std::vector<uint8_t> with_alpha(alpha ? pixels * 4 : 0);

  config.options.use_scaling = shrink > 1;
  config.options.scaled_width = out.width;
  config.options.scaled_height = out.height;
  config.output.colorspace = ModeOf(options.order, alpha);
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = alpha ? with_alpha.data() : out.pixels.data();
  config.output.u.RGBA.stride = out.width * (alpha ? 4 : 3);
  config.output.u.RGBA.size = pixels * (alpha ? 4 : 3);
  const bool whole = static_cast<int64_t>(config.input.width) * config.input.height <= kWholePixelsMax;
  code = whole ? WebPDecode(data, file.size(), &config) : DecodePieces(data, file.size(), config, options.stop);
  WebPFreeDecBuffer(&config.output);
  RETURN_IF_ERROR(CheckStop(options.stop));
  if (code != VP8_STATUS_OK) return Refusal(code);
  if (alpha) LayOverWhite(with_alpha.data(), pixels, out.pixels.data());
  return absl::OkStatus();
}

}  // namespace sluice
