// Cuts a clip of JPEG files (MJPEG, or the parts of multipart/x-mixed-replace) into its images. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice {

// Walks the segments of each file, so that a thumbnail's markers inside EXIF do not end it. Bytes between files are
// skipped; a file that breaks off, or whose segments make no sense, ends where the next one begins: its decoder says
// what is wrong.
class MjpegSplitter {
 public:
  explicit MjpegSplitter(std::string_view clip) : rest_(clip) {}
  // The next image, as a part of the clip; nothing after the last.
  std::optional<std::string_view> Next();

 private:
  std::string_view rest_;
};

}  // namespace sluice
