// Any bytes as an image: decoded, turned upright, resized. Never a crash, a leak, or more memory than the limits allow.
// The first byte picks colour order, target size and layout; the rest is the file.
#include <cstdint>
#include <string_view>

#include "pipeline/image/decode.h"
#include "pipeline/image/resize.h"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  int choice = data[0];
  std::string_view file(reinterpret_cast<const char*>(data + 1), size - 1);
  static Image image;
  static Resizer resizer;
  static std::vector<float> tensor;
  InputFormat format = {.width = 64,
                        .height = 48,
                        .layout = choice & 1 ? Layout::kNchw : Layout::kNhwc,
                        .order = choice & 2 ? ColorOrder::kRgb : ColorOrder::kBgr,
                        .mode = choice & 4 ? ResizeMode::kStretch : ResizeMode::kLetterbox};
  DecodeOptions options = {.order = choice & 8 ? ColorOrder::kRgb : ColorOrder::kBgr,
                           .target_width = choice & 16 ? format.width : 0,
                           .target_height = choice & 16 ? format.height : 0,
                           .mode = format.mode,
                           .fine = (choice & 32) != 0,
                           .limits = {.pixels_max = 4'000'000, .side_max = 4096}};
  ImageInfo info;
  if (!DecodeImage(file, options, image, info).ok()) return 0;
  tensor.resize(format.values());
  resizer.Resize(image, info, format, tensor);
  return 0;
}
