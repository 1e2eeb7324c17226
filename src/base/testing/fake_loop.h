// A Loop in simulated time: Run() drains tasks, Advance() moves the clock from timer to timer.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/executor.h"
#include "base/testing/fake_clock.h"

namespace sluice {

class FakeLoop final : public Loop {
 public:
  void Post(Task task) override { tasks_.push_back(std::move(task)); }
  const Clock& clock() const override { return clock_; }
  TimePoint Now() const override { return turn_; }
  TimerId At(TimePoint when, Task task) override {
    timers_.emplace(std::pair(when, ++last_id_), std::move(task));
    when_.emplace(last_id_, when);
    return last_id_;
  }
  void Cancel(TimerId id) override {
    if (const auto found = when_.extract(id)) timers_.erase({found.mapped(), id});
  }

  void Run() {
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
    turn_ = clock_.Now();
  }

  void Advance(Duration by) {
    Run();
    const TimePoint end = clock_.Now() + by;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      auto node = timers_.extract(timers_.begin());
      when_.erase(node.key().second);
      if (node.key().first > clock_.Now()) clock_.Set(node.key().first);
      turn_ = clock_.Now();
      node.mapped()();
      Run();
    }
    clock_.Set(std::max(end, clock_.Now()));
    turn_ = clock_.Now();
  }

  // Time that a turn takes: the clock moves, Now() stays until the turn ends (tasks posted belong to it, timers do
  // not).
  void Pass(Duration by) { clock_.Set(clock_.Now() + by); }

  size_t timers() const { return timers_.size(); }

 private:
  FakeClock clock_;
  TimePoint turn_ = clock_.Now();
  std::deque<Task> tasks_;
  std::map<std::pair<TimePoint, TimerId>, Task> timers_;
  std::unordered_map<TimerId, TimePoint> when_;  // of each of them
  TimerId last_id_ = 0;
};

}  // namespace sluice
