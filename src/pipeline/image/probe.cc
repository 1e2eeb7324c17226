#include "pipeline/image/probe.h"

#include <webp/decode.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "pipeline/image/exif.h"
#include "pipeline/image/sniff.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n"sv;

uint32_t Byte(std::string_view data, size_t at) { return static_cast<uint8_t>(data[at]); }
uint32_t Big16(std::string_view data, size_t at) { return Byte(data, at) << 8 | Byte(data, at + 1); }
uint32_t Big32(std::string_view data, size_t at) { return Big16(data, at) << 16 | Big16(data, at + 2); }
uint32_t Little32(std::string_view data, size_t at) {
  return Byte(data, at) | Byte(data, at + 1) << 8 | Byte(data, at + 2) << 16 | Byte(data, at + 3) << 24;
}

// The size as stored; the caller turns it upright.
void SetStoredSize(ImageInfo& info, int64_t width, int64_t height) {
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
}

// One marker segment of a JPEG header; `body` without the two length bytes.
struct JpegSegment {
  int marker;
  std::string_view body;
};

// The next segment that has a body, at `at`, which moves past it. Skips fill and stray bytes as libjpeg does.
std::optional<JpegSegment> NextJpegSegment(std::string_view file, size_t& at) {
  while (true) {
    while (at < file.size() && Byte(file, at) != 0xff) ++at;
    while (at < file.size() && Byte(file, at) == 0xff) ++at;
    if (at >= file.size()) return std::nullopt;
    int marker = static_cast<int>(Byte(file, at++));
    bool standalone = marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (standalone) continue;
    if (marker == 0xd9 || file.size() - at < 2) return std::nullopt;
    size_t length = Big16(file, at);
    if (length < 2 || file.size() - at < length) return std::nullopt;
    JpegSegment segment{marker, file.substr(at + 2, length - 2)};
    at += length;
    return segment;
  }
}

bool IsStartOfFrame(int marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

absl::Status ProbeJpeg(std::string_view file, const ImageLimits& limits, ImageInfo& info) {
  info.format = ImageFormat::kJpeg;
  bool sized = false;
  bool oriented = false;
  size_t at = 2;
  while (std::optional<JpegSegment> segment = NextJpegSegment(file, at)) {
    std::string_view body = segment->body;
    if (!sized && IsStartOfFrame(segment->marker) && body.size() >= 5) {
      RETURN_IF_ERROR(CheckImageSize(Big16(body, 3), Big16(body, 1), limits));
      SetStoredSize(info, Big16(body, 3), Big16(body, 1));
      sized = true;
    } else if (!oriented && segment->marker == 0xe1 && body.starts_with("Exif\0\0"sv)) {
      info.orientation = ExifOrientation(body);
      oriented = true;
    } else if (segment->marker == 0xda) {
      break;
    }
  }
  if (sized) return absl::OkStatus();
  return Error(Reason::INVALID_IMAGE, "the JPEG ends, or is damaged, before its size; send the whole file");
}

// Goes over all chunk headers, because eXIf may follow the pixels.
int PngOrientation(std::string_view file) {
  size_t at = kPngMagic.size();
  while (file.size() - at >= 12) {
    size_t length = Big32(file, at);
    if (length > file.size() - at - 12) return 1;
    if (file.substr(at + 4, 4) == "eXIf"sv) return ExifOrientation(file.substr(at + 8, length));
    at += 12 + length;
  }
  return 1;
}

absl::Status ProbePng(std::string_view file, const ImageLimits& limits, ImageInfo& info) {
  info.format = ImageFormat::kPng;
  bool header = file.size() >= 33 && Big32(file, 8) == 13 && file.substr(12, 4) == "IHDR"sv;
  if (!header) return Error(Reason::INVALID_IMAGE, "the PNG ends, or is damaged, before its size; send the whole file");
  RETURN_IF_ERROR(CheckImageSize(Big32(file, 16), Big32(file, 20), limits));
  SetStoredSize(info, Big32(file, 16), Big32(file, 20));
  info.orientation = PngOrientation(file);
  return absl::OkStatus();
}

int WebpOrientation(std::string_view file) {
  size_t at = 12;
  while (file.size() - at >= 8) {
    size_t length = Little32(file, at + 4);
    if (length > file.size() - at - 8) return 1;
    if (file.substr(at, 4) == "EXIF"sv) return ExifOrientation(file.substr(at + 8, length));
    at += 8 + length + (length & 1);
    if (at > file.size()) return 1;
  }
  return 1;
}

absl::Status ProbeWebp(std::string_view file, const ImageLimits& limits, ImageInfo& info) {
  info.format = ImageFormat::kWebp;
  WebPBitstreamFeatures features;
  auto* data = reinterpret_cast<const uint8_t*>(file.data());
  VP8StatusCode code = WebPGetFeatures(data, file.size(), &features);
  if (code == VP8_STATUS_NOT_ENOUGH_DATA) {
    return Error(Reason::INVALID_IMAGE, "the WebP ends before its size; send the whole file");
  }
  if (code != VP8_STATUS_OK) return Error(Reason::INVALID_IMAGE, "the WebP header is damaged");
  RETURN_IF_ERROR(CheckImageSize(features.width, features.height, limits));
  if (features.has_animation) {
    return Error(Reason::INVALID_IMAGE, "animated WebP is not supported; send a still image");
  }
  SetStoredSize(info, features.width, features.height);
  info.orientation = WebpOrientation(file);
  return absl::OkStatus();
}

absl::Status ProbeStored(std::string_view file, const ImageLimits& limits, ImageInfo& info) {
  if (file.starts_with("\xff\xd8"sv)) return ProbeJpeg(file, limits, info);
  if (file.starts_with(kPngMagic)) return ProbePng(file, limits, info);
  if (file.starts_with("RIFF"sv) && file.size() >= 12 && file.substr(8, 4) == "WEBP"sv) {
    return ProbeWebp(file, limits, info);
  }
  return Error(Reason::INVALID_IMAGE, DescribeUnsupported(file));
}

}  // namespace

absl::Status CheckImageSize(int64_t width, int64_t height, const ImageLimits& limits) {
  if (width <= 0 || height <= 0) {
    return Error(Reason::INVALID_IMAGE, StrCat("the image claims to be ", width, "x", height, " pixels"));
  }
  if (width > limits.side_max || height > limits.side_max) {
    return Error(Reason::IMAGE_TOO_LARGE,
                 StrCat("the image is ", width, "x", height, " pixels; a side may have at most ", limits.side_max,
                        "; send a smaller one"));
  }
  if (width * height > limits.pixels_max) {
    return Error(Reason::IMAGE_TOO_LARGE, StrCat("the image is ", width, "x", height, " pixels; it may have at most ",
                                                 limits.pixels_max, " in total; send a smaller one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ImageInfo> ProbeImage(std::string_view file, const ImageLimits& limits) {
  ImageInfo info;
  RETURN_IF_ERROR(ProbeStored(file, limits, info));
  if (info.transposed()) std::swap(info.width, info.height);
  return info;
}

}  // namespace sluice
