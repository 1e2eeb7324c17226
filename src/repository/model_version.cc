#include "repository/model_version.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/strings.h"

namespace sluice {

ModelVersion::ModelVersion(Parts parts) : parts_(std::move(parts)), name_(StrCat(parts_.id, "@", parts_.version)) {}

ModelVersion::~ModelVersion() { companion_.reset(); }

std::string ModelVersion::FileNamed(std::string_view name) const {
  namespace fs = std::filesystem;
  const fs::path plain(name);
  if (name.empty() || plain.filename() != plain || name == "." || name == "..") return {};
  for (const std::string& folder : {parts_.folder, parts_.model_folder}) {
    std::error_code error;
    const fs::path path = fs::path(folder) / plain;
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return {};
}

}  // namespace sluice
