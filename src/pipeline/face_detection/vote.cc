#include "pipeline/face_detection/vote.h"

#include <algorithm>
#include <span>

#include "pipeline/face_detection/nms.h"

namespace sluice {
namespace {

constexpr size_t kVotersMax = 1000;

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

void VoteBoxes(const std::vector<FaceBox>& candidates, float overlap_min, std::vector<FaceBox>& kept) {
  const std::span voters(candidates.data(), std::min(candidates.size(), kVotersMax));
  for (FaceBox& box : kept) box = Mean(voters, box, overlap_min);
}

}  // namespace sluice
