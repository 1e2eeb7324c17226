// What the models folders hold, before anything is loaded.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "repository/manifest.h"

namespace sluice {

struct FoundVersion {
  std::string version;  // the folder's name, a number; "1" for a model without files
  std::string folder;
  std::string file;  // the model's file; empty for a model without files
};

struct FoundModel {
  std::string id;  // the folder's name
  std::string folder;
  absl::StatusOr<Manifest> manifest;
  std::vector<FoundVersion> versions;  // by number, rising; those with a model file
};

// Folders with a model.yaml or a version folder with a model file, by id; others are no models. An error when `root` is no
// folder or cannot be listed.
absl::StatusOr<std::vector<FoundModel>> ScanModels(const std::string& root);

// Those of `found` that the manifest wants served.
std::vector<FoundVersion> ChooseVersions(const std::vector<FoundVersion>& found, const config::Versions& policy);

}  // namespace sluice
