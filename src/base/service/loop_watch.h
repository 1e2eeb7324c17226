// Whether the loops turn, for whatever restarts a process that hangs.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <vector>

#include "base/executor.h"

namespace sluice {

// Asks every loop each `interval`, and calls `alive` when all of them have answered. A loop that hangs answers nothing:
// `alive` is not called until it goes on.
class LoopWatch {
 public:
  // `alive` runs on one of the loops. Loops must have stopped before this is destroyed.
  LoopWatch(std::vector<Loop*> loops, Duration interval, std::function<void()> alive)
      : loops_(std::move(loops)), interval_(interval), alive_(std::move(alive)) {}
  LoopWatch(const LoopWatch&) = delete;

  // Once; any thread.
  void Start();

 private:
  void Ask();
  void Answered();

  const std::vector<Loop*> loops_;
  const Duration interval_;
  const std::function<void()> alive_;
  std::atomic<size_t> silent_{0};  // loops that have not answered yet
};

}  // namespace sluice
