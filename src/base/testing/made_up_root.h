// A file system that a test makes up, for what reads /proc and /sys below a root.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "base/testing/temp_folder.h"

namespace sluice {

class MadeUpRoot {
 public:
  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string root() const { return folder_.string(); }

 private:
  TempFolder folder_;
};

}  // namespace sluice
