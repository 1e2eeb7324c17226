// Images made in a test: patterns, encoders, EXIF blocks. Header-only, because only tests use it.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// clang-format off: jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>
// clang-format on
#include <spng.h>
#include <webp/encode.h>

#include "pipeline/image/image.h"

namespace sluice::testing {

// Smooth colours with a few edges: close to a photograph in how well it compresses and scales.
inline Image Pattern(int width, int height, ColorOrder order = ColorOrder::kRgb) {
  Image image;
  image.Allocate(width, height, order);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.Row(y) + 3 * x;
      int red = x * 255 / std::max(1, width - 1);
      int green = y * 255 / std::max(1, height - 1);
      int blue = x > width / 3 && y > height / 2 ? 220 : 40;
      pixel[order == ColorOrder::kRgb ? 0 : 2] = static_cast<uint8_t>(red);
      pixel[1] = static_cast<uint8_t>(green);
      pixel[order == ColorOrder::kRgb ? 2 : 0] = static_cast<uint8_t>(blue);
    }
  }
  return image;
}

// "Exif\0\0" and a TIFF block with the one tag.
inline std::string ExifBlock(int orientation, bool big_endian) {
  std::string block("Exif\0\0", 6);
  auto put = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) block += static_cast<char>(value >> (8 * (big_endian ? bytes - 1 - i : i)));
  };
  block += big_endian ? "MM" : "II";
  put(42, 2);
  put(8, 4);
  put(1, 2);
  put(0x0112, 2);
  put(3, 2);
  put(1, 4);
  put(static_cast<uint32_t>(orientation), 2);
  put(0, 2);
  put(0, 4);
  return block;
}

struct JpegKind {
  int quality = 92;
  bool progressive = false;
  bool gray = false;
  bool cmyk = false;         // as Adobe writes it: inverted
  bool chroma_full = false;  // 4:4:4 instead of 4:2:0
  std::string exif = {};
};

inline void CompressRows(jpeg_compress_struct& jpeg, const Image& image, const JpegKind& kind) {
  std::vector<uint8_t> line(static_cast<size_t>(image.width) * 4);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.Row(y);
    for (int x = 0; x < image.width; ++x, row += 3) {
      if (kind.gray) {
        line[x] = row[1];
      } else if (kind.cmyk) {
        for (int c = 0; c < 3; ++c) line[4 * x + c] = row[c];
        line[4 * x + 3] = 255;
      } else {
        for (int c = 0; c < 3; ++c) line[3 * x + c] = row[c];
      }
    }
    JSAMPROW rows[1] = {line.data()};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
}

inline std::string EncodeJpeg(const Image& image, const JpegKind& kind = {}) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = kind.gray ? 1 : kind.cmyk ? 4 : 3;
  jpeg.in_color_space = kind.gray ? JCS_GRAYSCALE : kind.cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  if (kind.cmyk) jpeg_set_colorspace(&jpeg, JCS_YCCK);
  jpeg_set_quality(&jpeg, kind.quality, TRUE);
  if (kind.progressive) jpeg_simple_progression(&jpeg);
  if (kind.chroma_full) jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  if (!kind.exif.empty()) {
    auto* data = reinterpret_cast<const JOCTET*>(kind.exif.data());
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, data, static_cast<unsigned>(kind.exif.size()));
  }
  CompressRows(jpeg, image, kind);
  jpeg_finish_compress(&jpeg);
  std::string file(reinterpret_cast<char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return file;
}

struct PngKind {
  int color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  int bit_depth = 8;
  bool interlaced = false;
  std::string exif = {};  // a TIFF block, without "Exif\0\0"
};

// `pixels` in PNG's own layout for the kind (16-bit samples in the host's order).
inline std::string EncodePng(int width, int height, const std::vector<uint8_t>& pixels, const PngKind& kind = {},
                             const spng_plte* palette = nullptr) {
  spng_ctx* context = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header = {};
  header.width = static_cast<uint32_t>(width);
  header.height = static_cast<uint32_t>(height);
  header.bit_depth = static_cast<uint8_t>(kind.bit_depth);
  header.color_type = static_cast<uint8_t>(kind.color_type);
  header.interlace_method = kind.interlaced ? 1 : 0;
  spng_set_ihdr(context, &header);
  if (palette != nullptr) spng_set_plte(context, const_cast<spng_plte*>(palette));
  std::string tiff = kind.exif;
  spng_exif exif = {tiff.size(), tiff.data()};
  if (!tiff.empty()) spng_set_exif(context, &exif);
  int code = spng_encode_image(context, pixels.data(), pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  void* bytes = code == 0 ? spng_get_png_buffer(context, &size, &code) : nullptr;
  std::string file(static_cast<char*>(bytes), bytes == nullptr ? 0 : size);
  std::free(bytes);
  spng_ctx_free(context);
  return file;
}

inline std::string EncodePng(const Image& image, const PngKind& kind = {}) {
  std::vector<uint8_t> pixels(image.pixels.begin(), image.pixels.begin() + image.stride() * image.height);
  return EncodePng(image.width, image.height, pixels, kind);
}

inline std::string EncodeWebp(const Image& image, bool lossless) {
  uint8_t* bytes = nullptr;
  int stride = static_cast<int>(image.stride());
  size_t size = lossless ? WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, stride, &bytes)
                         : WebPEncodeRGB(image.pixels.data(), image.width, image.height, stride, 95, &bytes);
  std::string file(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

// Empty when the file is not there.
inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace sluice::testing
