// A model's files as bytes that nobody can change: read once into sealed memory, so that what was tried in a child
// process is what is loaded, and a `cp` over a file changes or truncates nothing that serves.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace sluice {

enum class ModelFormat : uint8_t { kOnnx, kTflite, kIr };
// By the name's end: .onnx, .tflite, .xml; nothing for others.
absl::StatusOr<ModelFormat> FormatOf(std::string_view path);
std::string_view ToString(ModelFormat format);

// Immutable; thread-safe.
class ModelFiles {
 public:
  struct File {
    std::string name;  // as the model names it, relative to its folder: "model.onnx", "model.bin", "weights/0.bin"
    std::string_view bytes;  // mapped, read-only; lives as long as the ModelFiles
    int fd = -1;             // the same bytes from offset 0: a memfd, sealed against every change
  };

  // The model's file and those that it names (.bin beside an .xml, external data of an .onnx). Names are taken relative
  // to the file as it is named, not as a symlink resolves, so that a hub's cache of symlinks works. Errors are for
  // operators, without paths: a file that is missing, too large, changed while they were read, or named outside
  // the folder (absolute, `..`).
  static absl::StatusOr<std::shared_ptr<const ModelFiles>> Read(const std::string& path);

  // The same from descriptors that another process was handed (engine/trial); takes them over. `names[0]` is the
  // model's file.
  static absl::StatusOr<std::shared_ptr<const ModelFiles>> FromDescriptors(std::vector<std::string> names,
                                                                           std::vector<UniqueFd> fds);
  ~ModelFiles();
  ModelFiles(const ModelFiles&) = delete;
  ModelFiles& operator=(const ModelFiles&) = delete;

  ModelFormat format() const { return format_; }
  // files()[0] is the model's file, the others in the order in which it names them.
  const std::vector<File>& files() const { return files_; }
  const File& main() const { return files_[0]; }
  size_t bytes() const;
  // SHA-256 of all names and bytes, hex.
  const std::string& sha256() const { return sha256_; }

 private:
  explicit ModelFiles(ModelFormat format) : format_(format) {}
  absl::Status Add(std::string name, UniqueFd fd);
  void Digest();

  const ModelFormat format_;
  std::vector<File> files_;
  std::vector<UniqueFd> fds_;
  std::string sha256_;
};

}  // namespace sluice
