#include "engine/model_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "engine/onnx/external_files.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = 64 << 20;

absl::Status Unreadable(std::string_view name, std::string_view why) {
  return Error(Reason::MODEL_FAILED, StrCat("cannot read the model's file '", name, "': ", why));
}

// The server must survive a file that is larger than its memory (a sparse one costs nothing to make): what is still to
// be read, and as much again as the file for loading it, must be there. Asked again while it is read: other models are
// read at the same time.
absl::Status CheckRoom(const std::string& name, uint64_t size, uint64_t copied) {
  const uint64_t bytes = std::max(size, copied), left = MemoryLeft();
  if (bytes < left && bytes - copied < left - bytes) return absl::OkStatus();
  return Unreadable(name, StrCat("it has ", bytes, " bytes, and loading it takes twice that; ", left + copied,
                                 " bytes of memory are left"));
}

// A copy in memory, sealed, and what the file was before it was read.
struct Copy {
  fs::path path;
  std::string name;
  UniqueFd fd;
  struct stat before {};
};

absl::StatusOr<Copy> SealedCopy(const fs::path& path, const std::string& name) {
  const UniqueFd from(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!from || fstat(from.get(), &about) != 0) return Unreadable(name, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return Unreadable(name, "it is not a regular file");
  UniqueFd to(memfd_create("model", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!to) return Unreadable(name, std::strerror(errno));
  for (uint64_t copied = 0;;) {
    RETURN_IF_ERROR(CheckRoom(name, static_cast<uint64_t>(about.st_size), copied));
    const ssize_t sent = sendfile(to.get(), from.get(), nullptr, kPieceBytes);
    if (sent < 0 && errno != EINTR) return Unreadable(name, std::strerror(errno));
    if (sent == 0) break;
    copied += static_cast<uint64_t>(std::max(sent, ssize_t{0}));
  }
  if (fcntl(to.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return Unreadable(name, std::strerror(errno));
  }
  return Copy{path, name, std::move(to), about};
}

bool Same(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

// All files of a model must be of one state: half an old file and half a new one may load, and answer nonsense. The
// time of the inode counts, too: `cp -p` sets the other one back.
absl::Status CheckUnchanged(const std::vector<Copy>& copies) {
  for (const auto& [path, name, fd, before] : copies) {
    struct stat now {};
    if (stat(path.c_str(), &now) == 0 && now.st_dev == before.st_dev && now.st_ino == before.st_ino &&
        now.st_size == before.st_size && Same(now.st_mtim, before.st_mtim) && Same(now.st_ctim, before.st_ctim))
      continue;
    return Unreadable(name, "it was changed while it was read; load the model again when it is complete");
  }
  return absl::OkStatus();
}

absl::Status CheckName(const std::string& name) {
  const fs::path path(name);
  bool inside = !name.empty() && name.size() <= 512 && path.is_relative() && name.find('\0') == std::string::npos;
  for (const fs::path& part : path) inside = inside && part != "..";
  if (inside) return absl::OkStatus();
  return Error(Reason::MODEL_FAILED, "the model refers to weights outside its folder; they must be next to it");
}

// The files that the model's own file names.
absl::StatusOr<std::vector<std::string>> OthersOf(ModelFormat format, const fs::path& path, std::string_view bytes) {
  if (format == ModelFormat::kOnnx) return onnx::ExternalFiles(bytes);
  fs::path weights = path.filename();
  weights.replace_extension(".bin");
  std::error_code error;
  if (format == ModelFormat::kIr && fs::exists(path.parent_path() / weights, error)) {
    return std::vector<std::string>{weights.string()};
  }
  return std::vector<std::string>();
}

}  // namespace

absl::StatusOr<ModelFormat> FormatOf(std::string_view path) {
  if (path.ends_with(".onnx")) return ModelFormat::kOnnx;
  if (path.ends_with(".tflite")) return ModelFormat::kTflite;
  if (path.ends_with(".xml")) return ModelFormat::kIr;
  return Error(Reason::MODEL_FAILED, "a model's file is named model.onnx, model.tflite or model.xml");
}

std::string_view ToString(ModelFormat format) {
  switch (format) {
    case ModelFormat::kOnnx: return "onnx";
    case ModelFormat::kTflite: return "tflite";
    case ModelFormat::kIr: return "ir";
  }
  return "";
}

absl::StatusOr<std::shared_ptr<const ModelFiles>> ModelFiles::Read(const std::string& path) {
  const fs::path main(path);
  ASSIGN_OR_RETURN(const ModelFormat format, FormatOf(path));
  std::shared_ptr<ModelFiles> files(new ModelFiles(format));
  std::vector<Copy> copies;
  const auto read = [&](const fs::path& from, const std::string& name) -> absl::Status {
    ASSIGN_OR_RETURN(Copy copy, SealedCopy(from, name));
    RETURN_IF_ERROR(files->Add(name, std::move(copy.fd)));
    copies.push_back(std::move(copy));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(read(main, main.filename()));
  if (files->main().bytes.empty()) return Unreadable(files->main().name, "it is empty; copy it again, as a whole");
  auto others = OthersOf(format, main, files->main().bytes);
  if (!others.ok()) return Unreadable(files->main().name, ToStd(others.status().message()));
  for (const std::string& name : *others) {
    RETURN_IF_ERROR(CheckName(name));
    RETURN_IF_ERROR(read(main.parent_path() / name, name));
  }
  RETURN_IF_ERROR(CheckUnchanged(copies));
  files->Digest();
  return files;
}

absl::StatusOr<std::shared_ptr<const ModelFiles>> ModelFiles::FromDescriptors(std::vector<std::string> names,
                                                                              std::vector<UniqueFd> fds) {
  if (names.empty() || names.size() != fds.size()) return Error(Reason::INTERNAL, "a name for each descriptor");
  ASSIGN_OR_RETURN(const ModelFormat format, FormatOf(names[0]));
  std::shared_ptr<ModelFiles> files(new ModelFiles(format));
  for (size_t i = 0; i < names.size(); ++i) RETURN_IF_ERROR(files->Add(std::move(names[i]), std::move(fds[i])));
  files->Digest();
  return files;
}

absl::Status ModelFiles::Add(std::string name, UniqueFd fd) {
  struct stat about {};
  if (fstat(fd.get(), &about) != 0) return Unreadable(name, std::strerror(errno));
  std::string_view bytes;
  if (about.st_size > 0) {
    void* at = mmap(nullptr, about.st_size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return Unreadable(name, std::strerror(errno));
    bytes = {static_cast<const char*>(at), static_cast<size_t>(about.st_size)};
  }
  files_.push_back({std::move(name), bytes, fd.get()});
  fds_.push_back(std::move(fd));
  return absl::OkStatus();
}

ModelFiles::~ModelFiles() {
  for (const File& file : files_) {
    if (!file.bytes.empty()) munmap(const_cast<char*>(file.bytes.data()), file.bytes.size());
  }
}

size_t ModelFiles::bytes() const {
  size_t sum = 0;
  for (const File& file : files_) sum += file.bytes.size();
  return sum;
}

void ModelFiles::Digest() {
  Sha256 hash;
  for (const File& file : files_) {
    // With their lengths, so that no two sets of files read the same.
    hash.Update(StrCat(file.name.size(), ":", file.name, ":", file.bytes.size(), ":"));
    hash.Update(file.bytes);
  }
  sha256_ = absl::BytesToHexString(hash.Finish());
}

}  // namespace sluice
