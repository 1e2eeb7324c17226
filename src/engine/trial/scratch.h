// A child's own temporary folder, which its parent removes: a child that is killed removes nothing.
#pragma once

#include <string>

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
};

}  // namespace sluice::trial
