#include "base/config/installation.h"

#include <filesystem>
#include <system_error>

namespace sluice {

namespace fs = std::filesystem;

std::string SharedFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path folder = program.parent_path().parent_path() / "share" / "sluice";
  return fs::is_directory(folder, error) ? folder.string() : "";
}

std::string DefaultModels() {
  std::error_code error;
  const std::string here = "models", shared = SharedFolder();
  return fs::is_directory(here, error) || shared.empty() ? here : shared + "/models";
}

}  // namespace sluice
