// Which requests were answered already, and which are being computed now. Pure: time comes in, who waits is a number.
//
//   Begin ─► kCompute ─► Complete   everyone who waits gets the record, and whoever asks again within the time to live
//        │            ├► Abandon    the first who waits computes in its place
//        │            └► Dissolve   everyone who waits computes for himself
//        ├► kWait     ─► told by one of those, or Forget
//        ├► kReplay
//        └► kOtherBody
//
// Bounded in bytes: records that were not asked for longest go first. What is being computed stays: there is no more of
// it than there are calls.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"

namespace sluice {

using IdempotencyRecord = std::shared_ptr<const std::string>;

// Not thread-safe.
class IdempotencyTable {
 public:
  using Caller = uint64_t;  // never 0, never reused

  struct Options {
    size_t bytes_max = 64 << 20;
    size_t record_bytes_max = 1 << 20;  // a longer one is not kept; those who wait get it all the same
    Duration time_to_live = std::chrono::hours(24);
  };
  enum class Found { kCompute, kWait, kReplay, kOtherBody };
  struct Begun {
    Found found;
    IdempotencyRecord record;  // of kReplay
  };

  explicit IdempotencyTable(const Options& options) : options_(options) {}

  // `digest` of the body: another one under the same key is kOtherBody.
  Begun Begin(std::string_view key, std::string_view digest, Caller caller, TimePoint now);
  // The one that computes has its answer. Returns those who waited for it. Nothing when it does not compute this (any
  // more).
  std::vector<Caller> Complete(std::string_view key, Caller caller, IdempotencyRecord record, TimePoint now);
  // It ended without one. The caller that computes instead; 0: nobody waits.
  Caller Abandon(std::string_view key, Caller caller);
  // It has an answer that is not for others. Returns those who waited.
  std::vector<Caller> Dissolve(std::string_view key, Caller caller);
  // It does not wait any more.
  void Forget(std::string_view key, Caller caller);

  size_t bytes() const { return bytes_; }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::string digest;
    Caller computes = 0;          // 0: it is recorded
    std::vector<Caller> waiting;  // not a deque: an empty one holds 600 bytes
    IdempotencyRecord record;
    TimePoint expires;
    size_t bytes() const;
  };
  // Recorded ones, the longest unused last; the map's keys are views of their entries'.
  using Entries = std::list<Entry>;

  Entries::iterator Find(std::string_view key);
  void Drop(Entries::iterator entry);   // of what is being computed
  void Erase(Entries::iterator entry);  // of what is recorded
  void Trim(TimePoint now);

  const Options options_;
  Entries entries_;
  absl::flat_hash_map<std::string_view, Entries::iterator> index_;
  size_t bytes_ = 0;  // of what is recorded
};

}  // namespace sluice
