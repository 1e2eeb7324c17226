#include "scheduler/shadow.h"

namespace sluice {

void Shadow::Add(Duration clock, TimePoint latest) {
  if (ghosts_.size() < kGhostsMax) ghosts_.push({clock, latest});
}

Shadow::Judged Shadow::Turn(Duration clock, TimePoint now) {
  Judged judged;
  for (; !ghosts_.empty() && ghosts_.top().clock <= clock; ghosts_.pop()) {
    ++judged.followed;
    judged.wrong += now <= ghosts_.top().latest;
  }
  return judged;
}

}  // namespace sluice
