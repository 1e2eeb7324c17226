#include "scheduler/shadow.h"

namespace sluice {

void Shadow::Add(Duration clock, TimePoint latest, Duration run) {
  if (ghosts_.size() < kGhostsMax) ghosts_.push({clock, latest, run});
}

Shadow::Judged Shadow::Turn(Duration clock, TimePoint now) {
  Judged judged;
  for (; !ghosts_.empty() && ghosts_.top().clock <= clock; ghosts_.pop()) {
    ++judged.followed;
    if (now + late_ > ghosts_.top().latest) continue;
    ++judged.wrong;
    late_ += ghosts_.top().run;
  }
  return judged;
}

Shadow::Judged Shadow::Idle(TimePoint now) {
  const Judged judged = Turn(Duration::max(), now);
  late_ = {};
  return judged;
}

}  // namespace sluice
