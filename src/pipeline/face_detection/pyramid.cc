#include "pipeline/face_detection/pyramid.h"

#include <limits>

namespace sluice {
namespace {

// One row of the result from two rows whose pixels are `channels` floats each.
void HalveRows(const float* upper, const float* lower, int pixels, int channels, float* out) {
  for (int x = 0; x < pixels; ++x) {
    for (int c = 0; c < channels; ++c) {
      const int left = 2 * x * channels + c, right = left + channels;
      *out++ = (upper[left] + upper[right] + lower[left] + lower[right]) * 0.25f;
    }
  }
}

}  // namespace

InputFormat Halved(const InputFormat& format) {
  InputFormat half = format;
  half.width /= 2;
  half.height /= 2;
  return half;
}

void Halve(const InputFormat& format, const float* in, float* out) {
  const InputFormat half = Halved(format);
  const bool planes = format.layout == Layout::kNchw;
  const int channels = planes ? 1 : 3;
  const size_t in_row = static_cast<size_t>(format.width) * channels,
               out_row = static_cast<size_t>(half.width) * channels;
  for (int plane = 0; plane < (planes ? 3 : 1); ++plane) {
    const float* const from = in + plane * in_row * format.height;
    for (int y = 0; y < half.height; ++y, out += out_row) {
      const float* const upper = from + 2 * y * in_row;
      HalveRows(upper, upper + in_row, half.width, channels, out);
    }
  }
}

PyramidLevel LevelOf(int times, int halvings, float face_max) {
  constexpr float kNoLimit = std::numeric_limits<float>::infinity();
  return {.factor = static_cast<float>(1 << times),
          .side_min = times == 0 ? 0 : face_max / 8,
          .side_max = times == halvings ? kNoLimit : face_max};
}

void KeepOwn(const PyramidLevel& level, size_t first, std::vector<FaceBox>& boxes) {
  size_t kept = first;
  for (size_t i = first; i < boxes.size(); ++i) {
    const FaceBox& box = boxes[i];
    const float area = (box.x2 - box.x1) * (box.y2 - box.y1);
    if (area < level.side_min * level.side_min || area >= level.side_max * level.side_max) continue;
    const float f = level.factor;
    boxes[kept++] = {box.x1 * f, box.y1 * f, box.x2 * f, box.y2 * f, box.score};
  }
  boxes.resize(kept);
}

}  // namespace sluice
