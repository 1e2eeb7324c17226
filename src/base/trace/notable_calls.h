// The last calls that were worth keeping, bounded in number and bytes: the answer to "why was my call refused?".
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/trace/call_record.h"

namespace sluice {

// Thread-safe.
class NotableCalls final : public CallRecordSink {
 public:
  struct Options {
    size_t calls_max = 10'000;
    size_t bytes_max = 16 << 20;
  };

  NotableCalls() : NotableCalls(Options()) {}
  explicit NotableCalls(const Options& options) : options_(options) {}

  void Offer(const CallRecordPtr& record) override;
  // With that request id or trace id, the latest first, at most so many.
  std::vector<CallRecordPtr> Find(std::string_view id, size_t most = 100) const;
  // The latest ones, the latest first.
  std::vector<CallRecordPtr> Latest(size_t most) const;
  size_t size() const;
  size_t bytes() const;

 private:
  const Options options_;
  mutable std::mutex mutex_;
  std::deque<CallRecordPtr> calls_;  // guarded by mutex_, like the next; the oldest first
  size_t bytes_ = 0;
};

}  // namespace sluice
