// A child's own temporary folder, which its parent removes: a child that is killed removes nothing. Folders of parents
// that were killed themselves go when the next one is made; a lock, which ends with its process, tells them apart.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace sluice::trial {

class ScratchFolder {
 public:
  // In the temporary folder of this process.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Empty when none could be made; the child then says so itself, if it needs one.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  UniqueFd lock_;
};

}  // namespace sluice::trial
