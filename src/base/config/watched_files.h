// Files that may change while the server runs: rules, keys, prices. A new content is parsed, checked and swapped in; a
// broken one keeps the old, says why in the log, and shows in metrics.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/thread.h"

namespace sluice {

// Of a text, to tell by a metric whether replicas run with the same one: 48 bits, which a double holds exactly.
uint64_t HashOf(std::string_view text);

// Changes are seen by device, inode, size and time, so that a rename over the file and a Kubernetes ConfigMap's swap of
// symbolic links are, too.
class WatchedFiles {
 public:
  // Takes the whole text, or says what is wrong with it ("file:line: …") and leaves all as it was. Never twice at once
  // for one file; on the watching thread, but for the first time.
  using Apply = std::function<absl::Status(std::string_view text)>;
  struct State {
    std::string name;
    std::string path;
    uint64_t reloads = 0;   // beyond the first
    uint64_t failures = 0;  // contents that were not taken
    std::string error;      // of the file as it lies there; empty: it is in force
    uint64_t hash = 0;      // HashOf the content that is in force
  };

  WatchedFiles() = default;
  ~WatchedFiles() { Stop(); }
  WatchedFiles(const WatchedFiles&) = delete;

  // Reads and applies the file now; an error is for the operator, and the file is not watched then. A change of one of
  // the files `with` it is a change of it. Before Start.
  absl::Status Add(std::string name, std::string path, Apply apply, std::vector<std::string> with = {});
  // From now on a thread looks at all of them each `interval`.
  void Start(Duration interval);
  // No Apply runs from then on.
  void Stop();
  // Any thread; returns at once. Every file is read again, changed or not (SIGHUP).
  void ReloadNow();
  // One look, by hand: what the thread does.
  void Poll(bool all = false);

  // Any thread.
  std::vector<State> states() const;

 private:
  struct File {
    State state;
    Apply apply;
    std::vector<std::string> with;
    std::string signature;
  };
  static std::string SignatureOf(const File& file);
  absl::Status Read(File& file, uint64_t& hash);
  void Look(File& file, bool always);
  void Run(Duration interval);

  std::vector<std::unique_ptr<File>> files_;  // fixed after Start
  mutable std::mutex mutex_;                  // of states, and what follows
  std::condition_variable wake_;
  bool reload_ = false;
  bool stop_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace sluice
