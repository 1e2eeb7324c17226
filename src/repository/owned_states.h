// What layers keep for one object (a model version) without knowing each other: a state for each owner, made on first
// use.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

namespace sluice {

// Thread-safe; reading a state that is there takes no lock. There are a handful of owners.
class OwnedStates {
 public:
  OwnedStates() = default;
  OwnedStates(const OwnedStates&) = delete;
  OwnedStates& operator=(const OwnedStates&) = delete;
  ~OwnedStates() {
    for (const Node* node = head_.load(); node != nullptr;) {
      const std::unique_ptr<const Node> dead(node);
      node = dead->next;
    }
  }

  // `make` gives a unique_ptr<T>, once for each owner.
  template <typename T, typename Make>
  T& Get(const void* owner, Make make) {
    if (const Node* node = Find(owner)) return *static_cast<T*>(node->state.get());
    std::lock_guard lock(mutex_);
    if (const Node* node = Find(owner)) return *static_cast<T*>(node->state.get());
    auto* node = new Node{owner, std::shared_ptr<T>(make()), head_.load(std::memory_order_relaxed)};
    head_.store(node, std::memory_order_release);
    return *static_cast<T*>(node->state.get());
  }

 private:
  struct Node {
    const void* owner;
    std::shared_ptr<void> state;
    const Node* next;
  };
  const Node* Find(const void* owner) const {
    const Node* node = head_.load(std::memory_order_acquire);
    while (node != nullptr && node->owner != owner) node = node->next;
    return node;
  }

  std::atomic<const Node*> head_{nullptr};
  std::mutex mutex_;
};

}  // namespace sluice
