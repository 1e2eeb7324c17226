// Chores that run when the test says.
#pragma once

#include <utility>
#include <vector>

#include "base/chores.h"

namespace sluice {

class HeldChores final : public Chores {
 public:
  using Chores::Post;
  void Post(const ChoreOwner& owner, Task chore) override {
    owners.push_back(owner);
    tasks.push_back(std::move(chore));
  }
  bool TryPost(const ChoreOwner& owner, Task& chore) override {
    if (full) return false;
    Post(owner, std::move(chore));
    return true;
  }
  // Like the real ones: what nobody waits for does not run.
  void Run() {
    const std::vector<ChoreOwner> whose = std::exchange(owners, {});
    std::vector<Task> now = std::exchange(tasks, {});
    for (size_t i = 0; i < now.size(); ++i) {
      if (!whose[i].stop.stop_requested()) now[i]();
    }
  }
  std::vector<ChoreOwner> owners;  // of the tasks
  std::vector<Task> tasks;
  bool full = false;
};

}  // namespace sluice
