// A model's sealed bytes under the names that OpenVINO's readers want to open: a folder, for this user alone, of
// symlinks to their descriptors, and of copies where that does not do.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/model_files.h"

namespace sluice {

// The folder goes with the object; what was mapped through it stays.
class StagedFiles {
 public:
  static absl::StatusOr<std::unique_ptr<StagedFiles>> Make(const ModelFiles& files);
  ~StagedFiles();
  StagedFiles(const StagedFiles&) = delete;
  StagedFiles& operator=(const StagedFiles&) = delete;

  // Of the model's own file.
  std::string main() const { return folder_ + "/" + name_; }

 private:
  StagedFiles(std::string folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {}
  const std::string folder_, name_;
};

}  // namespace sluice
