#include "base/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace sluice {
namespace {

constexpr size_t kPieceBytes = 16 << 10;

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max, Pipes pipes) {
  // Without O_NONBLOCK opening a pipe waits for somebody who writes.
  const int wait = pipes == Pipes::kRead ? 0 : O_NONBLOCK;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | wait));
  struct stat about {};
  if (!fd || fstat(fd.get(), &about) != 0)
    return absl::NotFoundError(StrCat("cannot open '", path, "': ", std::strerror(errno)));
  if (!S_ISREG(about.st_mode) && pipes == Pipes::kRefuse)
    return absl::InvalidArgumentError(StrCat("cannot read '", path, "': it is not a regular file"));
  const absl::Status too_large =
      absl::InvalidArgumentError(StrCat("'", path, "' is larger than ", bytes_max, " bytes"));
  if (about.st_size > 0 && static_cast<uint64_t>(about.st_size) > bytes_max) return too_large;
  std::string text;
  while (text.size() <= bytes_max) {
    // A byte more than it has, so that one read sees the end; files of /proc have no size.
    const size_t before = text.size();
    text.resize(std::min(before + std::max<size_t>(about.st_size, kPieceBytes), bytes_max) + 1);
    const ssize_t n = read(fd.get(), text.data() + before, text.size() - before);
    if (n < 0 && errno != EINTR)
      return absl::InvalidArgumentError(StrCat("cannot read '", path, "': ", std::strerror(errno)));
    text.resize(before + static_cast<size_t>(std::max(n, ssize_t{0})));
    if (n == 0) return text;
  }
  return too_large;
}

}  // namespace sluice
