// What all connections together may hold: bytes of bodies in flight, and connections. Thread-safe, no locks.
//
// A session charges body bytes when it hands them to a codec and releases them when the codec gives them back
// (Exchange::ConsumeBody). A codec that keeps bytes longer (a message on its way to a worker) holds a BudgetHold.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::http {

class Budget {
 public:
  Budget(size_t bytes_max, size_t connections_max) : bytes_max_(bytes_max), connections_max_(connections_max) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Never fails: bytes that have arrived are held already. The bound works through Over() and CanStart().
  void Charge(size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Reading of bodies stops. A session whose body waits asks again every kRetry.
  bool Over() const { return bytes() >= bytes_max_; }
  // New bodies are refused (OVERLOADED) before the budget is full, so that those under way can end.
  bool CanStart() const { return bytes() < bytes_max_ - bytes_max_ / 4; }
  static constexpr int kRetryMs = 20;

  // False, and nothing taken, at the bound.
  bool TryConnect();
  void Disconnect() { connections_.fetch_sub(1, std::memory_order_relaxed); }

  // Gauges.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  size_t bytes_max() const { return bytes_max_; }
  size_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_max_, connections_max_;
  std::atomic<size_t> bytes_{0};
  std::atomic<size_t> connections_{0};
};

// Bytes charged for as long as this object lives. Movable: it travels with the body it stands for, to any thread.
class BudgetHold {
 public:
  BudgetHold() = default;
  BudgetHold(Budget& budget, size_t bytes) : budget_(&budget), bytes_(bytes) { budget.Charge(bytes); }
  BudgetHold(BudgetHold&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  BudgetHold& operator=(BudgetHold&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BudgetHold() {
    if (budget_ != nullptr) budget_->Release(bytes_);
  }
  // Only on a hold made with a budget.
  void Add(size_t bytes) {
    budget_->Charge(bytes);
    bytes_ += bytes;
  }
  // Charges or releases the difference; `budget` is that of earlier calls.
  void Resize(Budget& budget, size_t bytes) {
    if (bytes == bytes_) return;
    budget_ = &budget;
    bytes > bytes_ ? budget.Charge(bytes - bytes_) : budget.Release(bytes_ - bytes);
    bytes_ = bytes;
  }
  size_t bytes() const { return bytes_; }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace sluice::http
