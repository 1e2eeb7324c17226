// A model's input at a half, a quarter … of its size: a net sees only so many pixels around a point, and of a face
// beyond that it finds only parts. Each size answers for the faces that are neither too large nor too small for it
// there.
#pragma once

#include <cstddef>
#include <vector>

#include "pipeline/face_detection/box.h"
#include "pipeline/image/resize.h"

namespace sluice {

// `format` with half the width and height, rounded down.
InputFormat Halved(const InputFormat& format);

// `out` gets the mean of every 2 × 2 pixels of `in`, which is a tensor of `format`; Halved(format).values() floats.
void Halve(const InputFormat& format, const float* in, float* out);

// One size of the input. A face's side is the square root of its area, in pixels of that size.
struct PyramidLevel {
  float factor;  // from its pixels to the input's
  float side_min;
  float side_max;
};

// The input halved `times` times, of 0 … `halvings`. The first level keeps the smallest faces and the last one the
// largest.
PyramidLevel LevelOf(int times, int halvings, float face_max);

// Of boxes[first] and those after it, found at `level`, keeps the level's own and scales them to the input's pixels.
void KeepOwn(const PyramidLevel& level, size_t first, std::vector<FaceBox>& boxes);

}  // namespace sluice
