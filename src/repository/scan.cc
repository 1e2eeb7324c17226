#include "repository/scan.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFiles[] = {"model.onnx", "model.xml", "model.tflite"};

// Nothing when the name is no version: 1, 2, 17, but not 01 or 1a.
std::optional<uint64_t> NumberOf(const std::string& name) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(name, &number) || StrCat(number) != name) return std::nullopt;
  return number;
}

absl::StatusOr<std::vector<fs::path>> FoldersIn(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && it->path().filename().string().front() != '.') folders.push_back(it->path());
  }
  if (error) return absl::NotFoundError(StrCat("cannot list the folder '", folder.string(), "': ", error.message()));
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string ModelFileIn(const fs::path& folder) {
  for (const char* name : kModelFiles) {
    std::error_code error;
    if (fs::is_regular_file(folder / name, error)) return (folder / name).string();
  }
  return {};
}

std::vector<FoundVersion> VersionsIn(const fs::path& folder) {
  std::vector<std::pair<uint64_t, FoundVersion>> numbered;
  const auto folders = FoldersIn(folder);
  if (!folders.ok()) return {};
  for (const fs::path& path : *folders) {
    const std::string name = path.filename().string();
    const auto number = NumberOf(name);
    std::string file = number ? ModelFileIn(path) : std::string();
    if (!file.empty()) numbered.push_back({*number, {name, path.string(), std::move(file)}});
  }
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FoundVersion> versions;
  versions.reserve(numbered.size());
  for (auto& [number, version] : numbered) versions.push_back(std::move(version));
  return versions;
}

}  // namespace

absl::StatusOr<std::vector<FoundModel>> ScanModels(const std::string& root) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> folders, FoldersIn(root));
  std::vector<FoundModel> models;
  for (const fs::path& folder : folders) {
    FoundModel model{folder.filename().string(), folder.string(), Manifest(), VersionsIn(folder)};
    const fs::path file = folder / "model.yaml";
    std::error_code error;
    const bool written = fs::exists(file, error);
    if (!written && model.versions.empty()) continue;
    model.manifest = written ? ReadManifest(file.string(), model.id) : ParseManifest("", file.string(), model.id);
    models.push_back(std::move(model));
  }
  return models;
}

std::vector<FoundVersion> ChooseVersions(const std::vector<FoundVersion>& found, const config::Versions& policy) {
  std::vector<FoundVersion> chosen;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto& list = policy.list();
    const bool wanted = policy.policy() == config::Versions::ALL ||
                        (policy.policy() == config::Versions::LATEST && i + policy.count() >= found.size()) ||
                        (policy.policy() == config::Versions::LIST &&
                         std::find(list.begin(), list.end(), found[i].version) != list.end());
    if (wanted) chosen.push_back(found[i]);
  }
  return chosen;
}

}  // namespace sluice
