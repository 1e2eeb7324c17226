// An empty folder for one test; goes with it.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

namespace sluice {

class TempFolder final : public std::filesystem::path {
 public:
  TempFolder() : path(std::filesystem::temp_directory_path() / Name()) { std::filesystem::create_directories(*this); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(*this, ignored);
  }

 private:
  // Of this process and no other folder of it.
  static std::string Name() {
    static std::atomic<int> made = 0;
    return "sluice_test_" + std::to_string(getpid()) + "_" + std::to_string(++made);
  }
};

}  // namespace sluice
