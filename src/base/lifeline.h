// For tasks that may run when the object that made them is gone: they do nothing then.
//
//   loop.Post(lifeline_.Bind([this] { Resume(); }));
//   Task chore = lifeline_.RoundTrip(loop, Load{...}, [](Load& load) { ... }, [this](Load load) { ... });
#pragma once

#include <memory>
#include <utility>

#include "base/executor.h"
#include "base/no_memory.h"

namespace sluice {

// A member of the object, which makes, runs and destroys it on one loop.
class Lifeline {
 public:
  Lifeline() = default;
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  // Calls `f` while the object lives.
  template <typename F>
  auto Bind(F f) {
    return [alive = Watch(), f = std::move(f)](auto&&... arguments) mutable {
      if (!alive.expired()) f(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  // A task for a worker, and back: `work` does something to the load, then `back` gets it on `loop`, where the object
  // lives; when that is gone, the load ends there. The load owns all that `work` touches. Work that gets no memory ends
  // early: what the load says before it was done is that.
  template <typename Load, typename Work, typename Back>
  Task RoundTrip(Loop& loop, Load load, Work work, Back back) {
    return [&loop, load = std::move(load), work = std::move(work), back = Bind(std::move(back))]() mutable {
      GetsMemory([&] { work(load); });
      loop.Post([load = std::move(load), back = std::move(back)]() mutable { back(std::move(load)); });
    };
  }

 private:
  std::weak_ptr<bool> Watch() {
    if (alive_ == nullptr) alive_ = std::make_shared<bool>();
    return alive_;
  }

  std::shared_ptr<bool> alive_;  // made by the first task: most objects never need one
};

}  // namespace sluice
