// Non-maximum suppression: of boxes that overlap, the best remains.
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

}  // namespace sluice
