// The one EXIF field that matters here.
#pragma once

#include <string_view>

namespace sluice {

// Orientation 1..8 from a TIFF block ("II*\0..." or "MM\0*...", as inside JPEG's APP1, PNG's eXIf, WebP's EXIF; a
// leading "Exif\0\0" is skipped). 1 when there is none, or the block is broken: a bad hint is no reason to refuse an
// image.
int ExifOrientation(std::string_view block);

}  // namespace sluice
