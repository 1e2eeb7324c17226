#include "cli/picture_file.h"

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (!in || !(bytes << in.rdbuf())) return Error(Reason::NOT_FOUND, StrCat("cannot read ", path));
  return bytes.str();
}

std::string_view MediaType(std::string_view file) {
  if (file.starts_with("\x89PNG")) return "image/png";
  if (file.starts_with("RIFF")) return "image/webp";
  return "image/jpeg";
}

}  // namespace sluice::cli
