#include "pipeline/image/decode_jpeg.h"

#include <algorithm>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "pipeline/image/jpeg_guard.h"

namespace sluice {
namespace {

// Progressive encoders write about 10 scans. Each one walks all coefficients, however few bytes it has.
constexpr int kScansMax = 64;
// A progressive image keeps all coefficients: 2 bytes × components × pixels.
constexpr long kLibraryBytesMax = 512L << 20;
constexpr int kRowsPerRead = 16;

// libjpeg calls it for every row of blocks, of every scan.
struct Progress {
  jpeg_progress_mgr manager;  // first: libjpeg hands back a pointer to it
  const std::stop_token* stop;
};

struct Decoder {
  jpeg_decompress_struct jpeg;
  Progress progress;
  JpegGuard guard;

  Decoder() {
    jpeg.err = &guard.manager;
    jpeg.mem = nullptr;
    jpeg.global_state = 0;
  }
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }
};

void OnProgress(j_common_ptr info) {
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  auto* guard = reinterpret_cast<JpegGuard*>(info->err);
  if (jpeg->input_scan_number > kScansMax) guard->Fail("too many scans");
  if (reinterpret_cast<Progress*>(info->progress)->stop->stop_requested()) guard->Fail("stopped");
}

void Open(Decoder& decoder, std::string_view file) {
  jpeg_create_decompress(&decoder.jpeg);
  decoder.jpeg.mem->max_memory_to_use = kLibraryBytesMax;
  decoder.progress.manager.progress_monitor = OnProgress;
  decoder.jpeg.progress = &decoder.progress.manager;
  jpeg_mem_src(&decoder.jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&decoder.jpeg, TRUE);
}

bool IsCmyk(const jpeg_decompress_struct& jpeg) {
  return jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
}

void Configure(jpeg_decompress_struct& jpeg, const JpegOptions& options) {
  jpeg.out_color_space = options.order == ColorOrder::kRgb ? JCS_EXT_RGB : JCS_EXT_BGR;
  if (IsCmyk(jpeg)) jpeg.out_color_space = JCS_CMYK;
  jpeg.scale_num = 1;
  jpeg.scale_denom = static_cast<unsigned>(options.shrink);
  jpeg.do_block_smoothing = FALSE;
  jpeg.do_fancy_upsampling = options.fine ? TRUE : FALSE;
  jpeg.dct_method = options.fine ? JDCT_ISLOW : JDCT_IFAST;
}

void ReadRows(jpeg_decompress_struct& jpeg, Image& out) {
  JSAMPROW rows[kRowsPerRead];
  while (jpeg.output_scanline < jpeg.output_height) {
    int first = static_cast<int>(jpeg.output_scanline);
    int count = std::min(kRowsPerRead, out.height - first);
    for (int i = 0; i < count; ++i) rows[i] = out.Row(first + i);
    jpeg_read_scanlines(&jpeg, rows, static_cast<JDIMENSION>(count));
  }
}

// Adobe writes CMYK inverted (255 = no ink), others plainly.
void CmykToRgb(const JSAMPLE* in, int width, bool inverted, ColorOrder order, uint8_t* out) {
  int flip = inverted ? 0 : 255;
  int red = order == ColorOrder::kRgb ? 0 : 2;
  for (int x = 0; x < width; ++x, in += 4, out += 3) {
    int key = in[3] ^ flip;
    out[red] = static_cast<uint8_t>(((in[0] ^ flip) * key + 127) / 255);
    out[1] = static_cast<uint8_t>(((in[1] ^ flip) * key + 127) / 255);
    out[2 - red] = static_cast<uint8_t>(((in[2] ^ flip) * key + 127) / 255);
  }
}

void ReadCmykRows(jpeg_decompress_struct& jpeg, Image& out) {
  auto common = reinterpret_cast<j_common_ptr>(&jpeg);
  JSAMPARRAY line = (*jpeg.mem->alloc_sarray)(common, JPOOL_IMAGE, jpeg.output_width * 4, 1);
  while (jpeg.output_scanline < jpeg.output_height) {
    int y = static_cast<int>(jpeg.output_scanline);
    jpeg_read_scanlines(&jpeg, line, 1);
    CmykToRgb(line[0], out.width, jpeg.saw_Adobe_marker, out.order, out.Row(y));
  }
}

absl::Status Refusal(const JpegGuard& guard, size_t file_bytes) {
  if (guard.ended_early()) {
    return Error(Reason::INVALID_IMAGE, StrCat("the JPEG's data ends early or is damaged, within ", file_bytes,
                                               " bytes; send the whole file"));
  }
  return Error(Reason::INVALID_IMAGE, StrCat("the JPEG is damaged or of an unsupported kind: ", guard.message));
}

}  // namespace

absl::Status DecodeJpeg(std::string_view file, const ImageInfo& info, const JpegOptions& options, Image& out) {
  Decoder decoder;
  decoder.progress.stop = &options.stop;
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  bool opened = decoder.guard.Run([&] {
    Open(decoder, file);
    bool same_size = static_cast<int>(jpeg.image_width) == info.stored_width() &&
                     static_cast<int>(jpeg.image_height) == info.stored_height();
    if (!same_size) decoder.guard.Fail("it states two different sizes");
    Configure(jpeg, options);
    jpeg_calc_output_dimensions(&jpeg);
  });
  if (!opened) return Refusal(decoder.guard, file.size());

  out.Allocate(static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height), options.order);
  out.extent_x = static_cast<double>(jpeg.image_width) / options.shrink;
  out.extent_y = static_cast<double>(jpeg.image_height) / options.shrink;
  bool decoded = decoder.guard.Run([&] {
    jpeg_start_decompress(&jpeg);
    if (IsCmyk(jpeg)) {
      ReadCmykRows(jpeg, out);
    } else {
      ReadRows(jpeg, out);
    }
    jpeg_finish_decompress(&jpeg);
  });
  if (!decoded) RETURN_IF_ERROR(CheckStop(options.stop));
  return decoded ? absl::OkStatus() : Refusal(decoder.guard, file.size());
}

}  // namespace sluice
