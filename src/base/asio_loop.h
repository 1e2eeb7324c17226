// A Loop on a thread of its own, with Boost.Asio's reactor below it; also watches file descriptors.
//
// A turn is one event (a descriptor, a timer, a batch of posted tasks) and what it posted to its own loop. Tasks that
// take long (kTurnMax) go on in the next turn, in order, behind the descriptors that are ready. Now() is read when a
// turn begins.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "base/thread.h"
#include "base/turn.h"

namespace sluice {

// Told about one descriptor, on the loop.
class FdEvents {
 public:
  virtual ~FdEvents() = default;
  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;
};

// The interest in one descriptor. Made, used and destroyed on its loop; destroying it inside an event is fine, and no
// event comes after that. Does not own the descriptor; descriptor and loop must outlive the watch.
class FdWatch {
 public:
  virtual ~FdWatch() = default;
  // One event, at the earliest in a later turn, once the descriptor is ready (or broken). Asking again before that
  // changes nothing.
  virtual void WantRead() = 0;
  virtual void WantWrite() = 0;
};

class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(std::string name, int nice = kLoopNice);
  // Stops and waits. What was posted and did not run is destroyed.
  ~AsioLoop() override;

  void Start();
  // From any thread. Tasks posted before still run, timers do not. Returns when the thread has ended, unless called on
  // it.
  void Stop();
  // True on the loop's thread.
  bool InLoop() const;

  void Post(Task task) override;
  const Clock& clock() const override { return SystemClock(); }
  TimePoint Now() const override;
  TimerId At(TimePoint when, Task task) override;
  void Cancel(TimerId id) override;
  void MayLag(TimePoint until) override;

  // Any thread. A turn above 50 ms is also logged, with what it did; one line per second at most.
  TurnTimes::Numbers turns() const;

  // `fd` must be non-blocking. `events` must outlive the watch.
  std::unique_ptr<FdWatch> Watch(int fd, FdEvents& events);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
