#include "cli/batch/results.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/config/file.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kRunIdBytesMax = 64;

absl::Status Failed(std::string_view what, const std::string& path) {
  return Error(Reason::INTERNAL, StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Failed("write", path);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return fdatasync(fd) == 0 ? absl::OkStatus() : Failed("sync", path);
}

// A file appears whole or not at all, also after a loss of power.
absl::Status WriteWhole(const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".new";
  const UniqueFd file(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return Failed("write", draft);
  RETURN_IF_ERROR(WriteAll(file.get(), bytes, draft));
  if (rename(draft.c_str(), path.c_str()) != 0) return Failed("write", path);
  const std::string folder = fs::path(path).parent_path().empty() ? "." : fs::path(path).parent_path().string();
  const UniqueFd directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && fsync(directory.get()) == 0 ? absl::OkStatus() : Failed("sync", folder);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Results>> Results::Open(const std::string& path, const std::string& identity,
                                                       const std::string& new_run_id,
                                                       const std::function<bool(std::string_view line)>& done) {
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) return Failed("write", path);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Reason::INVALID_REQUEST, StrCat("another run is writing ", path));
  }
  std::unique_ptr<Results> results(new Results(path, std::move(file)));
  RETURN_IF_ERROR(results->Begin(identity, new_run_id));
  RETURN_IF_ERROR(results->Resume(done));
  return results;
}

absl::Status Results::Begin(const std::string& identity, const std::string& new_run_id) {
  const std::string note = path_ + ".resume";
  constexpr std::string_view kRun = "run ";
  struct stat now {};
  if (fstat(file_.get(), &now) != 0) return Failed("read", path_);
  const bool begun = fs::exists(note);
  if (!begun && now.st_size > 0) {
    return Error(Reason::INVALID_REQUEST,
                 StrCat(path_, " exists, and there is no run to resume; remove it or choose another --out"));
  }
  // What is longer is of another run.
  const std::string before = ReadFile(note, kRun.size() + kRunIdBytesMax + 1 + identity.size()).value_or("");
  const size_t end = before.find('\n');
  const bool same = end != std::string::npos && before.starts_with(kRun) && before.substr(end + 1) == identity;
  // A run that wrote nothing (a wrong model, say) does not hold up another.
  if (!same && now.st_size == 0) {
    run_id_ = new_run_id;
    return WriteWhole(note, StrCat(kRun, run_id_, "\n", identity));
  }
  if (!same) {
    return Error(Reason::INVALID_REQUEST,
                 StrCat(path_, " was started with a different input or model; finish that run, or remove ", path_,
                        " and ", note));
  }
  run_id_ = before.substr(kRun.size(), end - kRun.size());
  return absl::OkStatus();
}

absl::Status Results::Resume(const std::function<bool(std::string_view line)>& done) {
  std::ifstream in(path_, std::ios::binary);
  off_t whole = 0;
  for (std::string line; std::getline(in, line) && !in.eof() && done(line);) {
    whole += static_cast<off_t>(line.size()) + 1;
  }
  if (ftruncate(file_.get(), whole) != 0 || lseek(file_.get(), whole, SEEK_SET) != whole) return Failed("write", path_);
  return absl::OkStatus();
}

absl::Status Results::Append(std::string_view lines) { return WriteAll(file_.get(), lines, path_); }

absl::Status Results::Complete() {
  const std::string note = path_ + ".resume";
  return unlink(note.c_str()) == 0 || errno == ENOENT ? absl::OkStatus() : Failed("remove", note);
}

}  // namespace sluice::cli
