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
  // What is in the way of its files and what to do: "rename resnet50.onnx to model.onnx". Empty when all is well.
  std::string problem;
  bool is_model = true;    // false: neither a model.yaml nor a version; only `problem` counts
  bool fetchable = false;  // the catalog beside it says where its file comes from
};

// Every folder, by name, and every model file among them; what is hidden (and lost+found) apart. An error when `root`
// is not a folder or cannot be listed.
absl::StatusOr<std::vector<FoundModel>> ScanModels(const std::string& root);

// Those of `found` that the manifest selects.
std::vector<FoundVersion> ChooseVersions(const std::vector<FoundVersion>& found, const config::Versions& policy);

}  // namespace sluice
