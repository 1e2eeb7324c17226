// What happened in a simulated server, and what must never happen. A content stands for one piece of work that clients
// ask for; several calls may ask for the same one (retries, duplicates).
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/strings.h"
#include "scheduler/core.h"

namespace sluice::sim {

class Journal {
 public:
  // Broken invariants, in words. The first one is what to look at.
  const std::vector<std::string>& broken() const { return broken_; }
  void Break(std::string what) {
    if (broken_.size() < 10) broken_.push_back(std::move(what));
  }

  // --- calls ---
  void Began(const std::string& content) {
    Wanted& wanted = wanted_[content];
    ++wanted.open;
    if (store_down) ++wanted.under_way;
  }
  // `replayed`: the answer came from a record. From the first of these on, there is one.
  void Answered(const std::string& content, const std::string& answer, bool replayed, TimePoint now) {
    if (answer.rfind(content + "#", 0) != 0) Break(StrCat("'", content, "' was answered with '", answer, "'"));
    if (!replayed) return;
    Wanted& wanted = wanted_[content];
    if (wanted.record.empty()) {
      wanted.record = answer;
      wanted.under_way += wanted.open - 1;
      wanted.recorded = now;
    } else if (answer != wanted.record) {
      Break(StrCat("the record of '", content, "' was '", wanted.record, "' and is '", answer, "'"));
    }
  }
  void Ended(const std::string& content, TimePoint now) {
    Wanted& wanted = wanted_[content];
    if (--wanted.open == 0) wanted.last_ended = now;
    ++ended;
  }

  // Another replica computes it, for so long.
  void Held(const std::string& content, TimePoint now, Duration lease) {
    Wanted& wanted = wanted_[content];
    wanted.held = now;
    wanted.held_until = now + lease;
    wanted.under_way_when_held = wanted.open - 1;
  }
  void Freed(const std::string& content) { wanted_[content].held_until = {}; }

  // --- computations: what a model makes of a content ---
  std::string Computed(const std::string& content, TimePoint taken, bool replays) {
    Wanted& wanted = wanted_[content];
    if (wanted.open == 0 && wanted.last_ended < taken)
      Break(StrCat("'", content, "' was computed for nobody: its last call had ended"));
    // Those who waited for an answer that is not to be recorded compute side by side; and of a batch that runs for
    // others nothing can be taken out.
    if (replays && !wanted.record.empty() && taken > wanted.recorded && wanted.under_way-- <= 0)
      Break(StrCat("'", content, "' was computed although it is recorded"));
    if (replays && taken > wanted.held && taken < wanted.held_until && wanted.under_way_when_held-- <= 0)
      Break(StrCat("'", content, "' was computed during another replica's lease"));
    ++computed;
    return StrCat(content, "#", ++serial_);
  }

  // --- batches, as workers take them ---
  void Taken(const Batch& batch, Duration time, TimePoint now) {
    for (const auto& work : batch.works) used_[work->principal] += time / static_cast<int64_t>(batch.items);
    if (batch.work_class != WorkClass::kLive) {
      // What nobody could foresee is nobody's fault.
      lower_.push_back(
          {now, std::min(time, 2 * batch.predicted + std::chrono::milliseconds(1)), batch.work_class, batch.worker});
      return;
    }
    for (const auto& work : batch.works) CheckWait(*work, now);
    while (!lower_.empty() && now - lower_.front().began > std::chrono::seconds(20)) lower_.pop_front();
  }

  // A batch may be cut short.
  void Done(const Batch& batch, Duration busy) {
    for (auto it = lower_.rbegin(); it != lower_.rend() && it->began >= batch.started; ++it) {
      if (it->began == batch.started && it->worker == batch.worker) it->took = std::min(it->took, busy);
    }
  }
  // Workers' time that each principal was given.
  std::map<Principal, Duration>& used() { return used_; }

  size_t ended = 0, computed = 0;

 private:
  struct Wanted {
    int open = 0;  // calls that ask for it now
    TimePoint last_ended{};
    std::string record;
    TimePoint recorded{};
    int under_way = 0;               // calls that may have been told to compute it before that
    TimePoint held{}, held_until{};  // by another replica
    int under_way_when_held = 0;
  };

  // While live work waits, lower classes keep 11 % of the time, of which each saves up 10 ms, one
  // turn at a time.
  void CheckWait(const Work& work, TimePoint now) {
    Duration behind{};
    std::array<Duration, kWorkClasses> longest{};
    for (auto it = lower_.rbegin(); it != lower_.rend() && it->began > work.offered; ++it) {
      behind += it->took;
      Duration& mine = longest[static_cast<size_t>(it->work_class)];
      mine = std::max(mine, it->took);
    }
    const Duration waited = now - work.offered;
    const Duration allowed = longest[1] + longest[2] + std::chrono::milliseconds(20) +
                             std::chrono::duration_cast<Duration>(waited * 0.12 * workers);
    if (behind > allowed) {
      Break(StrCat("a live item waited ", static_cast<int>(ToMs(waited)), " ms, behind ",
                   static_cast<int>(ToMs(behind)), " ms of lower classes"));
    }
  }

  std::unordered_map<std::string, Wanted> wanted_;
  struct Turn {
    TimePoint began;
    Duration took;
    WorkClass work_class;
    int worker;
  };
  std::deque<Turn> lower_;  // of batch and background work
  std::map<Principal, Duration> used_;
  std::vector<std::string> broken_;
  uint64_t serial_ = 0;

 public:
  int workers = 1;
  bool store_down = false;  // of records
};

}  // namespace sluice::sim
