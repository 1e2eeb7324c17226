#include "pipeline/image/exif.h"

#include <cstddef>
#include <cstdint>

namespace sluice {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Reads in the block's byte order; 0 beyond its end.
struct TiffReader {
  std::string_view data;
  bool big_endian;

  uint32_t Read(size_t at, int bytes) const {
    if (at > data.size() || data.size() - at < static_cast<size_t>(bytes)) return 0;
    uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      uint32_t byte = static_cast<uint8_t>(data[at + i]);
      value |= byte << (8 * (big_endian ? bytes - 1 - i : i));
    }
    return value;
  }
};

}  // namespace

int ExifOrientation(std::string_view block) {
  if (block.substr(0, 6) == std::string_view("Exif\0\0", 6)) block.remove_prefix(6);
  bool big_endian = block.substr(0, 4) == std::string_view("MM\0*", 4);
  if (!big_endian && block.substr(0, 4) != std::string_view("II*\0", 4)) return 1;
  TiffReader tiff{block, big_endian};
  size_t directory = tiff.Read(4, 4);
  uint32_t entries = tiff.Read(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kEntryBytes > block.size()) return 1;
    if (tiff.Read(entry, 2) != kOrientationTag || tiff.Read(entry + 2, 2) != kShortType) continue;
    uint32_t value = tiff.Read(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace sluice
