// What an image is, from its header alone: no pixel is decoded and nothing is allocated.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "pipeline/image/image.h"

namespace sluice {

// Reads format, size and EXIF orientation of a JPEG, PNG or WebP file and checks the size against `limits`.
// Errors: INVALID_IMAGE (empty, another format, by its name where it can be told, or a broken header), IMAGE_TOO_LARGE.
absl::StatusOr<ImageInfo> ProbeImage(std::string_view file, const ImageLimits& limits = {});

// The limits alone; also what a decoder calls when it has read the size for itself.
absl::Status CheckImageSize(int64_t width, int64_t height, const ImageLimits& limits);

}  // namespace sluice
