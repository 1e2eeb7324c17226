#include "base/service/loop_watch.h"

namespace sluice {

void LoopWatch::Start() {
  loops_[0]->Post([this] { Ask(); });
}

// On the first loop.
void LoopWatch::Ask() {
  if (silent_ == 0) {
    silent_ = loops_.size();
    for (Loop* loop : loops_) loop->Post([this] { Answered(); });
  }
  loops_[0]->At(loops_[0]->Now() + interval_, [this] { Ask(); });
}

void LoopWatch::Answered() {
  if (--silent_ == 0) alive_();
}

}  // namespace sluice
