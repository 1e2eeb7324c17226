#include "pipeline/image/decode_png.h"

#include <spng.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "pipeline/image/shrink.h"

namespace sluice {
namespace {

// Colour profiles and texts are inflated by the library; none needs more.
constexpr size_t kChunkBytesMax = 8u << 20;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using Context = std::unique_ptr<spng_ctx, FreeContext>;

absl::Status Damaged(int code) {
  return Error(Reason::INVALID_IMAGE, StrCat("the PNG is damaged or cut off: ", spng_strerror(code)));
}

#define RETURN_IF_PNG_ERROR(expr)                           \
  do {                                                      \
    if (int code = (expr); code != 0) return Damaged(code); \
  } while (false)

struct Header {
  spng_ihdr ihdr;
  bool alpha;
  int channels() const { return alpha ? 4 : 3; }
  int format() const { return alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8; }
  int flags() const { return alpha ? SPNG_DECODE_TRNS : 0; }
};

absl::Status Open(spng_ctx* context, std::string_view file, const ImageInfo& info, Header& header) {
  if (context == nullptr) return Error(Reason::INTERNAL, "out of memory");
  spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
  auto width = static_cast<uint32_t>(info.stored_width());
  auto height = static_cast<uint32_t>(info.stored_height());
  spng_set_image_limits(context, width, height);
  spng_set_chunk_limits(context, kChunkBytesMax, kChunkBytesMax);
  RETURN_IF_PNG_ERROR(spng_set_png_buffer(context, file.data(), file.size()));
  RETURN_IF_PNG_ERROR(spng_get_ihdr(context, &header.ihdr));
  spng_trns trns;
  bool alpha_channel = header.ihdr.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
                       header.ihdr.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
  header.alpha = alpha_channel || spng_get_trns(context, &trns) == 0;
  return absl::OkStatus();
}

// One row of RGB or RGBA to RGB or BGR; `in` and `out` may be the same. White shows through transparent pixels.
void ConvertRow(const uint8_t* in, int width, const Header& header, ColorOrder order, uint8_t* out) {
  int red = order == ColorOrder::kRgb ? 0 : 2;
  int step = header.channels();
  for (int x = 0; x < width; ++x, in += step, out += 3) {
    int alpha = header.alpha ? in[3] : 255;
    int white = (255 - alpha) * 255 + 127;
    int r = (in[0] * alpha + white) / 255;
    int g = (in[1] * alpha + white) / 255;
    int b = (in[2] * alpha + white) / 255;
    out[red] = static_cast<uint8_t>(r);
    out[1] = static_cast<uint8_t>(g);
    out[2 - red] = static_cast<uint8_t>(b);
  }
}

absl::Status DecodeRows(spng_ctx* context, const Header& header, const PngOptions& options, Image& out) {
  int width = static_cast<int>(header.ihdr.width);
  int height = static_cast<int>(header.ihdr.height);
  int shrink = options.shrink;
  out.Allocate((width + shrink - 1) / shrink, (height + shrink - 1) / shrink, options.order);
  out.extent_x = static_cast<double>(width) / shrink;
  out.extent_y = static_cast<double>(height) / shrink;
  RETURN_IF_PNG_ERROR(
      spng_decode_image(context, nullptr, 0, header.format(), header.flags() | SPNG_DECODE_PROGRESSIVE));
  size_t row_bytes = static_cast<size_t>(width) * header.channels();
  std::vector<uint8_t> line(row_bytes);
  RowShrinker shrinker;
  shrinker.Start(width, shrink, shrink);
  for (int y = 0; y < height; ++y) {
    RETURN_IF_ERROR(CheckStop(options.stop));
    int code = spng_decode_row(context, line.data(), row_bytes);
    bool last = y == height - 1;
    if (code != 0 && !(last && code == SPNG_EOI)) return Damaged(code);
    if (shrink == 1) {
      ConvertRow(line.data(), width, header, options.order, out.Row(y));
      continue;
    }
    ConvertRow(line.data(), width, header, options.order, line.data());
    shrinker.Add(line.data());
    if (shrinker.full() || last) shrinker.Take(out.Row(y / shrink));
  }
  return absl::OkStatus();
}

absl::Status DecodeWhole(spng_ctx* context, const Header& header, const PngOptions& options, Image& out) {
  int width = static_cast<int>(header.ihdr.width);
  int height = static_cast<int>(header.ihdr.height);
  out.Allocate(width, height, options.order);
  size_t row_bytes = static_cast<size_t>(width) * header.channels();
  std::vector<uint8_t> whole(row_bytes * height);
  RETURN_IF_PNG_ERROR(spng_decode_image(context, whole.data(), whole.size(), header.format(), header.flags()));
  for (int y = 0; y < height; ++y) {
    ConvertRow(whole.data() + row_bytes * y, width, header, options.order, out.Row(y));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecodePng(std::string_view file, const ImageInfo& info, const PngOptions& options, Image& out) {
  Context context(spng_ctx_new(0));
  Header header;
  RETURN_IF_ERROR(Open(context.get(), file, info, header));
  if (header.ihdr.interlace_method != 0) {
    RETURN_IF_ERROR(DecodeWhole(context.get(), header, options, out));
  } else {
    RETURN_IF_ERROR(DecodeRows(context.get(), header, options, out));
  }
  // The rest: the checksum of the last pixels follows them.
  RETURN_IF_PNG_ERROR(spng_decode_chunks(context.get()));
  return absl::OkStatus();
}

#undef RETURN_IF_PNG_ERROR

}  // namespace sluice
