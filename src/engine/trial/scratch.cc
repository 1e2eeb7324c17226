#include "engine/trial/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace sluice::trial {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStart = "sluice-trial-";

// Of a folder of ours that nobody else has locked; nothing otherwise.
UniqueFd Lock(const fs::path& folder) {
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (fd && fstat(fd.get(), &about) == 0 && about.st_uid == geteuid() && flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
    return fd;
  return {};
}

void RemoveStale(const fs::path& in) {
  std::error_code error;
  for (fs::directory_iterator it(in, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with(kStart)) continue;
    std::error_code ignored;
    if (const UniqueFd lock = Lock(it->path()); lock) fs::remove_all(it->path(), ignored);
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::error_code error;
  const fs::path in = fs::temp_directory_path(error);
  if (error) return;
  RemoveStale(in);
  std::string folder = (in / kStart).string() + "XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return;
  lock_ = Lock(folder);
  if (lock_) path_ = std::move(folder);  // otherwise another process has just taken it for stale, and removes it
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace sluice::trial
