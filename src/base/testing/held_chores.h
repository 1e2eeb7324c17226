// A BoundedExecutor whose tasks run when the test says.
#pragma once

#include <utility>
#include <vector>

#include "base/executor.h"

namespace sluice {

class HeldChores final : public BoundedExecutor {
 public:
  void Post(Task task) override { tasks.push_back(std::move(task)); }
  bool TryPost(Task& task) override {
    if (full) return false;
    Post(std::move(task));
    return true;
  }
  void Run() {
    for (Task& task : std::exchange(tasks, {})) task();
  }
  std::vector<Task> tasks;
  bool full = false;
};

}  // namespace sluice
