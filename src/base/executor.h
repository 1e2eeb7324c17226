// Where work runs.
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "base/clock.h"

namespace sluice {

using Task = absl::AnyInvocable<void()>;

// Runs tasks later, never inside Post(). Post() may be called from any thread and never blocks.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
};

// One thread that runs tasks and timers in turn. Everything but Post() belongs to that thread.
class Loop : public Executor {
 public:
  using TimerId = uint64_t;  // 0 is not a timer

  virtual const Clock& clock() const = 0;
  // Time read once per turn of the loop: cheap, at most one turn old.
  virtual TimePoint Now() const = 0;
  // Runs `task` once at or after `when`.
  virtual TimerId At(TimePoint when, Task task) = 0;
  // A timer that ran or was cancelled already is ignored.
  virtual void Cancel(TimerId id) = 0;
  // Until then events may be taken up to 1 ms late and many at a time, which is cheaper.
  virtual void MayLag(TimePoint /*until*/) {}
};

}  // namespace sluice
