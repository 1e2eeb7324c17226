// The file that a batch writes: one line per item, in the items' order. The file itself says how far the run came, so a
// run that was killed goes on after its last whole line.
//
//   OUT          {"line":1,…}\n{"line":2,…}\n…        appended and synced
//   OUT.resume   what the run reads, and its id       written before the first line, removed after the last
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace sluice::cli {

class Results {
 public:
  // `identity` says what the run reads and asks for. With an OUT.resume of the same identity the run goes on: each
  // whole line of OUT is given to `done`, which says whether it is the line of the next item; from the first that is
  // not, OUT is cut. Errors: OUT has lines without OUT.resume, or of another identity; another run has it open; it
  // cannot be written.
  static absl::StatusOr<std::unique_ptr<Results>> Open(const std::string& path, const std::string& identity,
                                                       const std::string& new_run_id,
                                                       const std::function<bool(std::string_view line)>& done);

  // Appends whole lines; they are on the disk when this returns.
  absl::Status Append(std::string_view lines);
  // Every item has its line.
  absl::Status Complete();

  const std::string& run_id() const { return run_id_; }

 private:
  Results(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
  absl::Status Begin(const std::string& identity, const std::string& new_run_id);
  absl::Status Resume(const std::function<bool(std::string_view line)>& done);

  const std::string path_;
  UniqueFd file_;  // locked
  std::string run_id_;
};

}  // namespace sluice::cli
