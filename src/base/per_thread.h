// An object of its own for each thread that asks: what a hot path writes without locks, and others read now and then.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace sluice {

namespace internal {
inline uint64_t NextGeneration() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}
}  // namespace internal

template <typename T>
class PerThread {
 public:
  PerThread() : generation_(internal::NextGeneration()) {}
  PerThread(const PerThread&) = delete;

  // This thread's, made by its first call; goes with the PerThread, not with the thread.
  T& Mine() {
    thread_local uint64_t last_generation = 0;
    thread_local T* last = nullptr;
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): generations begin with 1
    if (last_generation == generation_) return *last;
    thread_local absl::flat_hash_map<uint64_t, T*> all;
    T*& mine = all[generation_];
    if (mine == nullptr) mine = &Make();
    last_generation = generation_;
    last = mine;
    return *mine;
  }

  // All of them, on the caller's thread, while their owners go on: what `f` reads must allow that.
  template <typename F>
  void ForEach(F f) const {
    std::lock_guard lock(mutex_);
    for (const auto& one : made_) f(*one);
  }

 private:
  T& Make() {
    std::lock_guard lock(mutex_);
    return *made_.emplace_back(std::make_unique<T>());
  }

  const uint64_t generation_;  // tells this object's entries of a thread from those of another, now gone
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<T>> made_;
};

}  // namespace sluice
