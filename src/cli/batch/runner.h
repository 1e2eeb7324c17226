// Chunks through a server by a few threads at once, and their lines into the results in the items' order.
//
//   Source ─► Chunk ─► Call, on one of `concurrency` threads ─► held until all before it are there ─► Results
//
// At most kAhead chunks per thread are read ahead of the first that is not written.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "cli/batch/chunk.h"
#include "cli/batch/progress.h"
#include "cli/batch/results.h"
#include "cli/batch/source.h"

namespace sluice::cli {

class Runner {
 public:
  // Sends one call and waits for its answer; any thread. An error: no answer came.
  using Call = std::function<absl::StatusOr<HttpAnswer>(const Chunk::Send&)>;
  // The state of the run, each time lines were written; one call at a time.
  using Report = std::function<void(const Progress&)>;

  // All outlive the runner. `source` is at the first item to do; `progress` counts those before it.
  Runner(Source& source, const Format& format, Results& results, Call call, Report report, const Clock& clock,
         Random& random, Progress progress);

  // Until every item has its line, or the first chunk fails. What was written before a failure stays.
  absl::Status Run(int concurrency);
  const Progress& progress() const { return progress_; }

 private:
  static constexpr uint64_t kAhead = 4;

  void Work();
  bool TakeChunk(std::unique_lock<std::mutex>& lock, uint64_t& sequence, std::vector<Item>& items);
  absl::Status Finish(Chunk& chunk);
  void Put(uint64_t sequence, const Chunk& chunk);
  void Stop(const absl::Status& why);

  Source& source_;
  const Format& format_;
  Results& results_;
  const Call call_;
  const Report report_;
  const Clock& clock_;
  const TimePoint started_;
  uint64_t ahead_max_ = kAhead;

  struct Ready {
    std::string lines;
    size_t items = 0, rejected = 0;
  };
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Random& random_;
  uint64_t taken_ = 0;    // chunks read from the source
  uint64_t written_ = 0;  // chunks whose lines are in the results
  bool exhausted_ = false;
  std::map<uint64_t, Ready> ready_;
  Progress progress_;
  absl::Status status_;
};

}  // namespace sluice::cli
