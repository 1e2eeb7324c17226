#include "cli/picture_file.h"

#include "base/config/file.h"

namespace sluice::cli {
namespace {

constexpr size_t kBytesMax = 256 << 20;  // more than any server takes; /dev/zero has no end

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  return sluice::ReadFile(path, kBytesMax, Pipes::kRead);
}

std::string_view MediaType(std::string_view file) {
  if (file.starts_with("\x89PNG")) return "image/png";
  if (file.starts_with("RIFF")) return "image/webp";
  return "image/jpeg";
}

}  // namespace sluice::cli
