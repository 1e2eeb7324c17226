// Chores: short jobs that are too long for a loop (decoding, inflating, printing, compressing), done by a worker for a
// call.
//
//   Task chore = [stop = call.chore_owner().stop, ...] { ... if (stop.stop_requested()) return; ... };
//   if (!chores.TryPost(call.chore_owner(), chore)) call.Fail(OVERLOADED);
//
// A chore whose owner's stop was requested (the call failed, its deadline passed, its client went) is destroyed unrun,
// by the thread that requested it; one that runs should look at the token where it has natural points.
#pragma once

#include <stop_token>

#include "base/executor.h"
#include "base/principal.h"
#include "base/work_class.h"

namespace sluice {

struct ChoreOwner {
  Principal principal = kOwnWork;  // owners take turns
  WorkClass work_class = WorkClass::kLive;
  std::stop_token stop = {};  // requested: nobody waits for the chore any more
};

class Chores : public Executor {
 public:
  // False, and `chore` untouched, when too many wait: of all owners, or of this one more than its share.
  virtual bool TryPost(const ChoreOwner& owner, Task& chore) = 0;
  // Takes it however many wait: for what is bounded otherwise, like the answers of calls that were let in.
  virtual void Post(const ChoreOwner& owner, Task chore) = 0;
  // The program's own.
  void Post(Task chore) override { Post(ChoreOwner(), std::move(chore)); }
};

}  // namespace sluice
