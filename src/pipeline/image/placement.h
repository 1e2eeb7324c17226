// Where in a model's input the image lies. Resizer puts it there; boxes find their way back by it.
#pragma once

#include "pipeline/image/image.h"

namespace sluice {

// The image covers [0, width) × [0, height) of the input, in its pixels; the rest is padding.
struct Placement {
  int width = 0;
  int height = 0;
};

// `image_*` is the upright original, `input_*` the model's input; all > 0. Both sides of the result are >= 1.
Placement PlaceImage(ResizeMode mode, int image_width, int image_height, int input_width, int input_height);

}  // namespace sluice
