// Box voting (Gidaris and Komodakis, arXiv:1505.01749, section 5): the box that remains is the mean of those it stands
// for, so that it moves less when the image's colours or compression change.
#pragma once

#include <vector>

#include "pipeline/face_detection/box.h"

namespace sluice {

// What is worth a vote: boxes below this raw score are noise.
inline constexpr float kVoteScoreMin = 0.1f;

// Moves every box of `kept` to the mean, weighted by score, of the `candidates` that overlap it by at least
// `overlap_min`. Scores stay. Only the first thousand candidates vote, which bounds the work.
void VoteBoxes(const std::vector<FaceBox>& candidates, float overlap_min, std::vector<FaceBox>& kept);

}  // namespace sluice
