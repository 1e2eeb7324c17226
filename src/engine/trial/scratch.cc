#include "engine/trial/scratch.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace sluice::trial {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "sluice-trial-XXXXXX").string();
  if (!error && mkdtemp(folder.data()) != nullptr) path_ = std::move(folder);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace sluice::trial
