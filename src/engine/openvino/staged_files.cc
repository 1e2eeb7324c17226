#include "engine/openvino/staged_files.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<StagedFiles>> StagedFiles::Make(const ModelFiles& files) {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "sluice-model-XXXXXX").string();
  if (error || mkdtemp(folder.data()) == nullptr) {
    return Error(Reason::MODEL_FAILED, "there is no temporary folder to write to; set TMPDIR");
  }
  std::unique_ptr<StagedFiles> staged(new StagedFiles(folder, files.main().name));
  for (const ModelFiles::File& file : files.files()) {
    const fs::path path = fs::path(folder) / file.name;
    const std::string bytes = StrCat("/proc/self/fd/", file.fd);
    fs::create_directories(path.parent_path(), error);
    // The reader of ONNX wants the real path of external data, and what has no name in a file system has none.
    const bool external = files.format() == ModelFormat::kOnnx && &file != &files.main();
    if (!error && external) fs::copy_file(bytes, path, error);
    if (!error && !external) fs::create_symlink(bytes, path, error);
    if (error) return Error(Reason::MODEL_FAILED, StrCat("cannot stage the model's files: ", error.message()));
  }
  return staged;
}

StagedFiles::~StagedFiles() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace sluice
