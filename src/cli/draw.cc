#include "cli/draw.h"

#include <spng.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "pipeline/image/decode.h"

namespace sluice::cli {
namespace {

constexpr std::array<uint8_t, 3> kGreen = {0, 230, 64};

// Stored pixels turned upright (EXIF orientation 1 to 8).
Image Upright(const Image& stored, const ImageInfo& info) {
  Image out;
  out.Allocate(info.width, info.height, ColorOrder::kRgb);
  for (int y = 0; y < info.height; ++y) {
    for (int x = 0; x < info.width; ++x) {
      int sx = info.transposed() ? y : x, sy = info.transposed() ? x : y;
      const int o = info.orientation;
      if (o == 2 || o == 3 || o == 7 || o == 8) sx = stored.width - 1 - sx;
      if (o == 3 || o == 4 || o == 6 || o == 7) sy = stored.height - 1 - sy;
      std::copy_n(stored.Row(sy) + 3 * sx, 3, out.Row(y) + 3 * x);
    }
  }
  return out;
}

void Fill(Image& image, int x1, int y1, int x2, int y2) {
  for (int y = std::max(y1, 0); y < std::min(y2, image.height); ++y) {
    for (int x = std::max(x1, 0); x < std::min(x2, image.width); ++x)
      std::copy(kGreen.begin(), kGreen.end(), image.Row(y) + 3 * x);
  }
}

void Frame(Image& image, const PixelBox& box) {
  const int thick = std::max(2, std::min(image.width, image.height) / 250);
  const int x2 = box.x + box.width, y2 = box.y + box.height;
  Fill(image, box.x, box.y, x2, box.y + thick);
  Fill(image, box.x, y2 - thick, x2, y2);
  Fill(image, box.x, box.y, box.x + thick, y2);
  Fill(image, x2 - thick, box.y, x2, y2);
}

absl::StatusOr<std::string> EncodePng(const Image& image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> png(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  spng_ihdr header{.width = static_cast<uint32_t>(image.width),
                   .height = static_cast<uint32_t>(image.height),
                   .bit_depth = 8,
                   .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
  spng_set_option(png.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_set_ihdr(png.get(), &header);
  const size_t bytes = image.stride() * image.height;
  if (spng_encode_image(png.get(), image.pixels.data(), bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) != 0) {
    return Error(Reason::INTERNAL, "the image could not be written as PNG");
  }
  size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, void (*)(void*)> encoded(spng_get_png_buffer(png.get(), &size, &error), std::free);
  if (encoded == nullptr) return Error(Reason::INTERNAL, "the image could not be written as PNG");
  return std::string(static_cast<const char*>(encoded.get()), size);
}

}  // namespace

absl::StatusOr<std::string> DrawBoxes(std::string_view file, std::span<const PixelBox> boxes) {
  Image stored;
  ImageInfo info;
  RETURN_IF_ERROR(DecodeImage(file, {}, stored, info));
  Image image = Upright(stored, info);
  for (const PixelBox& box : boxes) Frame(image, box);
  return EncodePng(image);
}

}  // namespace sluice::cli
