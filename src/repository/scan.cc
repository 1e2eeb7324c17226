#include "repository/scan.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "repository/fetchable.h"
#include "repository/layout.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::vector<FoundVersion> VersionsIn(const fs::path& folder) {
  std::vector<std::pair<uint64_t, FoundVersion>> numbered;
  const auto entries = EntriesIn(folder);
  if (!entries.ok()) return {};
  for (const fs::path& path : *entries) {
    const std::string name = path.filename().string();
    const auto number = VersionNumber(name);
    std::string file = number && IsFolder(path) ? ModelFileIn(path) : std::string();
    if (!file.empty()) numbered.push_back({*number, {name, path.string(), std::move(file)}});
  }
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<FoundVersion> versions;
  versions.reserve(numbered.size());
  for (auto& [number, version] : numbered) versions.push_back(std::move(version));
  return versions;
}

FoundModel NoModel(const fs::path& path, std::string problem) {
  return {path.filename().string(), path.string(), Manifest(), {}, std::move(problem), false};
}

FoundModel ScanFolder(const fs::path& folder) {
  FoundModel model{folder.filename().string(), folder.string(), Manifest(), VersionsIn(folder), LayoutProblem(folder)};
  const fs::path file = folder / "model.yaml";
  std::error_code error;
  const bool written = fs::exists(file, error);
  if (!written && model.versions.empty()) {
    return NoModel(folder,
                   model.problem.empty()
                       ? "it contains no model; a model is 1/model.onnx (or .tflite, .xml) and optionally model.yaml"
                       : model.problem);
  }
  model.manifest = written ? ReadManifest(file.string(), model.id) : ParseManifest("", "model.yaml", model.id);
  return model;
}

}  // namespace

absl::StatusOr<std::vector<FoundModel>> ScanModels(const std::string& root) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> entries, EntriesIn(root));
  const auto fetchable = FetchableIds(root);
  std::vector<FoundModel> models;
  for (const fs::path& entry : entries) {
    if (IsFolder(entry)) {
      models.push_back(ScanFolder(entry));
      models.back().fetchable = fetchable.contains(models.back().id);
    } else if (std::string broken = BrokenLink(entry); !broken.empty()) {
      models.push_back(NoModel(entry, std::move(broken)));
    } else if (LooksLikeModel(entry)) {
      models.push_back(
          NoModel(entry, "a model is a folder; move the file to <id>/1/model" + entry.extension().string()));
    }
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
