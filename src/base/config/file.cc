#include "base/config/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/strings.h"

namespace sluice {

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(StrCat("cannot open '", path, "': ", std::strerror(errno)));
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof()))
    return absl::InvalidArgumentError(StrCat("cannot read '", path, "'"));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > bytes_max)
    return absl::InvalidArgumentError(StrCat("'", path, "' is larger than ", bytes_max, " bytes"));
  return text;
}

}  // namespace sluice
