// What becomes of boxes that overlap: the best remains (non-maximum suppression), at the mean of all (voting).
#pragma once

#include <cstddef>
#include <vector>

#include "pipeline/face_detection/box.h"

namespace sluice {

// Bounds the work: at most top_k² / 2 comparisons.
constexpr size_t kBoxesMax = 5000;
constexpr float kOverlapMax = 0.3f;

// Intersection over union; 0 for boxes that do not meet.
float Overlap(const FaceBox& a, const FaceBox& b);

// Greedy: keeps a box unless it overlaps a kept, better one by more than `overlap_max`. Only the `top_k` best are
// looked at. Leaves `boxes` sorted by descending score; equal scores by position, so that the result does not depend on
// the order in.
void SuppressOverlaps(std::vector<FaceBox>& boxes, float overlap_max = kOverlapMax, size_t top_k = kBoxesMax);

// What is worth a vote: boxes below this raw score are noise.
inline constexpr float kVoteScoreMin = 0.1f;

// Box voting (Gidaris and Komodakis, arXiv:1505.01749, section 5): the box that remains is the mean of those it stands
// for, so that it moves less when the image's colours or compression change. Moves every box of `kept` to the mean,
// weighted by score, of the `candidates` that overlap it by at least `overlap_min`. Scores stay. Only the first
// thousand candidates vote, which bounds the work.
void VoteBoxes(const std::vector<FaceBox>& candidates, float overlap_min, std::vector<FaceBox>& kept);

}  // namespace sluice
