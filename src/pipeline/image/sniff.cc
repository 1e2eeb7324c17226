#include "pipeline/image/sniff.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view answer;
};

constexpr Magic kMagics[] = {
    {0, "GIF8"sv, "GIF is not supported; send JPEG, PNG or WebP"},
    {0, "II*\0"sv, "TIFF is not supported; send JPEG, PNG or WebP"},
    {0, "MM\0*"sv, "TIFF is not supported; send JPEG, PNG or WebP"},
    {0, "BM"sv, "BMP is not supported; send JPEG, PNG or WebP"},
    {4, "ftypavif"sv, "AVIF is not supported; send JPEG, PNG or WebP"},
    {4, "ftyphei"sv, "HEIC is not supported; send JPEG, PNG or WebP"},
    {4, "ftypmif1"sv, "HEIF is not supported; send JPEG, PNG or WebP"},
    {4, "ftyp"sv, "a video was sent; send one frame as JPEG, PNG or WebP"},
    {0, "\xff\x0a"sv, "JPEG XL is not supported; send JPEG, PNG or WebP"},
    {4, "JXL "sv, "JPEG XL is not supported; send JPEG, PNG or WebP"},
    {4, "jP  "sv, "JPEG 2000 is not supported; send JPEG, PNG or WebP"},
    {0, "%PDF"sv, "PDF is not supported; send JPEG, PNG or WebP"},
    {0, "\0\0\1\0"sv, "ICO is not supported; send JPEG, PNG or WebP"},
    {0, "RIFF"sv, "the RIFF file contains no WebP image; send JPEG, PNG or WebP"},
    {0, "\x1f\x8b"sv, "gzip data was sent; send the image itself, as JPEG, PNG or WebP"},
    {0, "data:"sv, "a data: URL was sent; send only the image's bytes"},
    {0, "/9j/"sv, "the image is base64 text; decode it before sending"},
    {0, "iVBORw0"sv, "the image is base64 text; decode it before sending"},
    {0, "UklGR"sv, "the image is base64 text; decode it before sending"},
};

bool IsText(std::string_view file) {
  std::string_view head = file.substr(0, 256);
  auto printable = [](unsigned char c) { return c >= 0x20 ? c != 0x7f : absl::ascii_isspace(c); };
  return std::all_of(head.begin(), head.end(), printable);
}

}  // namespace

std::string_view DescribeUnsupported(std::string_view file) {
  if (file.empty()) return "the image is empty; send the bytes of a JPEG, PNG or WebP file";
  for (const Magic& magic : kMagics) {
    if (file.size() >= magic.offset && file.substr(magic.offset).starts_with(magic.bytes)) return magic.answer;
  }
  if (!IsText(file)) return "the image is not a JPEG, PNG or WebP file";
  std::string_view head = file.substr(0, 512);
  if (head.find("<svg") != std::string_view::npos) return "SVG is not supported; send JPEG, PNG or WebP";
  return "the image is text; send the bytes of a JPEG, PNG or WebP file";
}

}  // namespace sluice
