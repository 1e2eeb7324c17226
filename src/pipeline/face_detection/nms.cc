#include "pipeline/face_detection/nms.h"

#include <algorithm>
#include <tuple>

namespace sluice {
namespace {

bool Better(const FaceBox& a, const FaceBox& b) {
  return std::tie(b.score, a.y1, a.x1, a.y2, a.x2) < std::tie(a.score, b.y1, b.x1, b.y2, b.x2);
}

float Area(const FaceBox& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

}  // namespace

float Overlap(const FaceBox& a, const FaceBox& b) {
  float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(width > 0) || !(height > 0)) return 0;
  float shared = width * height;
  return shared / (Area(a) + Area(b) - shared);
}

void SuppressOverlaps(std::vector<FaceBox>& boxes, float overlap_max, size_t top_k) {
  if (boxes.size() > top_k) {
    std::nth_element(boxes.begin(), boxes.begin() + static_cast<std::ptrdiff_t>(top_k), boxes.end(), Better);
    boxes.resize(top_k);
  }
  std::sort(boxes.begin(), boxes.end(), Better);
  size_t kept = 0;
  for (const FaceBox& box : boxes) {
    float area = Area(box);
    auto overlaps = [&](const FaceBox& other) {
      float width = std::min(box.x2, other.x2) - std::max(box.x1, other.x1);
      float height = std::min(box.y2, other.y2) - std::max(box.y1, other.y1);
      if (!(width > 0) || !(height > 0)) return false;
      float shared = width * height;
      return shared > overlap_max * (area + Area(other) - shared);
    };
    auto end = boxes.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::none_of(boxes.begin(), end, overlaps)) boxes[kept++] = box;
  }
  boxes.resize(kept);
}

}  // namespace sluice
