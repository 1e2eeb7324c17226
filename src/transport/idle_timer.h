// Ends a stream on which nothing moved for too long. One timer; movement only notes its time.
#pragma once

#include <functional>
#include <utility>

#include "base/executor.h"

namespace sluice::transport {

class IdleTimer {
 public:
  IdleTimer() = default;
  ~IdleTimer() { Stop(); }
  IdleTimer(const IdleTimer&) = delete;
  IdleTimer& operator=(const IdleTimer&) = delete;

  // `busy`: something is under way, which counts as movement. Zero `longest`: never. `loop` outlives the timer.
  void Start(Loop& loop, Duration longest, std::function<bool()> busy, std::function<void()> on_idle) {
    loop_ = &loop;
    longest_ = longest;
    busy_ = std::move(busy);
    on_idle_ = std::move(on_idle);
    last_ = loop.Now();
    if (longest_ > Duration::zero()) Arm();
  }
  void Moved() {
    if (timer_ != 0) last_ = loop_->Now();
  }
  void Stop() {
    if (timer_ != 0) loop_->Cancel(std::exchange(timer_, 0));
  }

 private:
  void Arm() {
    timer_ = loop_->At(last_ + longest_, [this] {
      if (busy_()) last_ = loop_->Now();
      if (loop_->Now() - last_ < longest_) return Arm();
      timer_ = 0;
      on_idle_();
    });
  }

  Loop* loop_ = nullptr;
  Duration longest_ = Duration::zero();
  std::function<bool()> busy_;
  std::function<void()> on_idle_;
  TimePoint last_{};
  Loop::TimerId timer_ = 0;
};

}  // namespace sluice::transport
