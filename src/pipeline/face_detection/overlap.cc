#include "pipeline/face_detection/overlap.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace sluice {
namespace {

constexpr size_t kVotersMax = 1000;

bool Better(const FaceBox& a, const FaceBox& b) {
  return std::tie(b.score, a.y1, a.x1, a.y2, a.x2) < std::tie(a.score, b.y1, b.x1, b.y2, b.x2);
}

float Area(const FaceBox& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

float SharedArea(const FaceBox& a, const FaceBox& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

FaceBox Mean(std::span<const FaceBox> voters, const FaceBox& best, float overlap_min) {
  FaceBox sum = {0, 0, 0, 0, 0};
  for (const FaceBox& voter : voters) {
    if (Overlap(voter, best) < overlap_min) continue;
    sum.x1 += voter.score * voter.x1;
    sum.y1 += voter.score * voter.y1;
    sum.x2 += voter.score * voter.x2;
    sum.y2 += voter.score * voter.y2;
    sum.score += voter.score;
  }
  if (!(sum.score > 0)) return best;
  return {sum.x1 / sum.score, sum.y1 / sum.score, sum.x2 / sum.score, sum.y2 / sum.score, best.score};
}

}  // namespace

float Overlap(const FaceBox& a, const FaceBox& b) {
  const float shared = SharedArea(a, b);
  return shared > 0 ? shared / (Area(a) + Area(b) - shared) : 0;
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
      const float shared = SharedArea(box, other);
      return shared > 0 && shared > overlap_max * (area + Area(other) - shared);
    };
    auto end = boxes.begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::none_of(boxes.begin(), end, overlaps)) boxes[kept++] = box;
  }
  boxes.resize(kept);
}

void VoteBoxes(const std::vector<FaceBox>& candidates, float overlap_min, std::vector<FaceBox>& kept) {
  const std::span voters(candidates.data(), std::min(candidates.size(), kVotersMax));
  for (FaceBox& box : kept) box = Mean(voters, box, overlap_min);
}

}  // namespace sluice
