#include "cli/batch/runner.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/thread.h"

namespace sluice::cli {
namespace {

constexpr size_t kChunkBytesMax = 1 << 20;  // of texts; one text alone may be longer

}  // namespace

Runner::Runner(Source& source, const Format& format, Results& results, Call call, Report report, const Clock& clock,
               Random& random, Progress progress)
    : source_(source),
      format_(format),
      results_(results),
      call_(std::move(call)),
      report_(std::move(report)),
      clock_(clock),
      started_(clock.Now()),
      random_(random),
      progress_(progress) {}

absl::Status Runner::Run(int concurrency) {
  ahead_max_ = kAhead * static_cast<uint64_t>(concurrency);
  std::vector<std::unique_ptr<Thread>> threads;
  threads.reserve(static_cast<size_t>(concurrency));
  for (int i = 0; i < concurrency; ++i) {
    threads.push_back(std::make_unique<Thread>(StrCat("batch ", i), kLoopNice, [this] { Work(); }));
  }
  for (auto& thread : threads) thread->Join();
  return status_;
}

void Runner::Work() {
  std::unique_lock lock(mutex_);
  uint64_t sequence = 0;
  for (std::vector<Item> items; TakeChunk(lock, sequence, items);) {
    lock.unlock();
    Chunk chunk(std::move(items), format_);
    chunk.run_id = results_.run_id();
    const absl::Status status = Finish(chunk);
    lock.lock();
    if (!status.ok()) return Stop(status);
    Put(sequence, chunk);
  }
}

// The next items of the source, when there is room to hold their lines. False: no more work.
bool Runner::TakeChunk(std::unique_lock<std::mutex>& lock, uint64_t& sequence, std::vector<Item>& items) {
  changed_.wait(lock, [this] { return !status_.ok() || exhausted_ || taken_ < written_ + ahead_max_; });
  items.clear();
  if (!status_.ok()) return false;
  size_t bytes = 0;
  for (Item item; items.size() < format_.items_max() && bytes < kChunkBytesMax && !exhausted_;) {
    if (!source_.Next(item)) {
      exhausted_ = true;
      changed_.notify_all();
      break;
    }
    bytes += item.payload.size();
    items.push_back(std::move(item));
  }
  sequence = taken_;
  if (!items.empty()) ++taken_;
  return !items.empty();
}

absl::Status Runner::Finish(Chunk& chunk) {
  while (const Chunk::Send* send = chunk.Next()) {
    const absl::StatusOr<HttpAnswer> answer = call_(*send);
    std::unique_lock lock(mutex_);
    const absl::Duration wait = chunk.Answered(answer, random_);
    const auto stopped = [this] { return !status_.ok(); };
    if (changed_.wait_for(lock, absl::ToChronoNanoseconds(wait), stopped)) return status_;
  }
  return chunk.status();
}

void Runner::Put(uint64_t sequence, const Chunk& chunk) {
  ready_.emplace(sequence, Ready{chunk.Lines(), chunk.items(), chunk.rejected()});
  std::string lines;
  for (auto it = ready_.begin(); it != ready_.end() && it->first == written_; it = ready_.erase(it), ++written_) {
    lines += it->second.lines;
    progress_.done += it->second.items;
    progress_.rejected += it->second.rejected;
  }
  if (lines.empty() || !status_.ok()) return;
  // Under the lock: nobody else has anything to write, and who waits for room waits for this.
  if (absl::Status wrote = results_.Append(lines); !wrote.ok()) return Stop(wrote);
  progress_.elapsed = clock_.Now() - started_;
  report_(progress_);
  changed_.notify_all();
}

void Runner::Stop(const absl::Status& why) {
  if (status_.ok()) status_ = why;
  changed_.notify_all();
}

}  // namespace sluice::cli
