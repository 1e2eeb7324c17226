// What all connections together may hold: bytes in memory because of requests, and connections. Thread-safe, no locks.
//
// Counted is what a request becomes, not its bytes on the wire. A session charges open exchanges with their headers,
// body bytes from handing them to a codec until it gives them back (Exchange::ConsumeBody), and response bytes until
// they left. A codec charges what it makes of them (BudgetHold): an inflated body, a parsed message, an answer being
// printed. What is not made yet is asked for first (TryCharge, Fits); large things get no more than seven eighths, so
// that small calls are answered while large ones are refused.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice {

class Budget {
 public:
  Budget(size_t bytes_max, size_t connections_max) : bytes_max_(bytes_max), connections_max_(connections_max) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Never fails: bytes that have arrived are held already. The bound works through the questions below.
  void Charge(size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  // For bytes about to be allocated: false, and nothing charged, when they do not fit.
  bool TryCharge(size_t bytes) {
    size_t now = this->bytes();
    while (FitsAbove(now, bytes)) {
      if (bytes_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // The same question, for a look ahead: nothing is charged.
  bool Fits(size_t bytes) const { return FitsAbove(this->bytes(), bytes); }
  // Up to here a thing is small: it may use the last eighth, too.
  static constexpr size_t kSmallBytes = 16 << 10;

  // Reading of large bodies stops. A session whose body waits asks again every kRetry.
  bool Over() const { return bytes() >= bytes_max_ - bytes_max_ / 8; }
  // Memory gets short: whoever holds much of it and stalls is cut early.
  bool Short() const { return bytes() >= bytes_max_ - bytes_max_ / 4; }
  // Whether an exchange may start whose body has (or may have) so many bytes; else it is refused (OVERLOADED). Large
  // ones are refused before the budget is full, so that those under way can end.
  bool CanStart(uint64_t body_bytes = UINT64_MAX) const {
    return body_bytes > kSmallBytes ? !Short() : bytes() < bytes_max_;
  }
  static constexpr int kRetryMs = 20;

  // False, and nothing taken, at the bound.
  bool TryConnect() {
    size_t now = connections();
    while (now < connections_max_) {
      if (connections_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void Disconnect() { connections_.fetch_sub(1, std::memory_order_relaxed); }

  // Gauges.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  size_t bytes_max() const { return bytes_max_; }
  size_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  bool FitsAbove(size_t held, size_t bytes) const {
    const size_t bound = bytes > kSmallBytes ? bytes_max_ - bytes_max_ / 8 : bytes_max_;
    return bytes <= bound && held <= bound - bytes;
  }

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
  // The same for bytes about to be allocated: false, and nothing changed, when the growth does not fit.
  bool TryResize(Budget& budget, size_t bytes) {
    if (bytes > bytes_ && !budget.TryCharge(bytes - bytes_)) return false;
    if (bytes < bytes_) budget.Release(bytes_ - bytes);
    budget_ = &budget;
    bytes_ = bytes;
    return true;
  }
  size_t bytes() const { return bytes_; }

 private:
  Budget* budget_ = nullptr;
  size_t bytes_ = 0;
};

// What one connection holds in many small pieces. Settled with the budget in steps, so that a small call costs no
// atomic operation; the budget is off by at most kStep for each connection, and exact when nothing is held. Of one
// thread.
class BudgetTab {
 public:
  explicit BudgetTab(Budget& budget) : budget_(budget) {}
  ~BudgetTab() { budget_.Release(charged_); }
  BudgetTab(const BudgetTab&) = delete;
  BudgetTab& operator=(const BudgetTab&) = delete;

  void Add(size_t bytes) {
    held_ += bytes;
    if (held_ > charged_ + kStep) Settle();
  }
  void Remove(size_t bytes) {
    held_ -= bytes;
    if (charged_ > held_ + kStep || (held_ == 0 && charged_ > 0)) Settle();
  }
  // For many bytes about to be held: false, and nothing changed, when they do not fit.
  bool TryAdd(size_t bytes) {
    if (!budget_.TryCharge(bytes)) return false;
    held_ += bytes;
    charged_ += bytes;
    return true;
  }
  size_t held() const { return held_; }
  static constexpr size_t kStep = 8 << 10;

 private:
  void Settle() {
    held_ > charged_ ? budget_.Charge(held_ - charged_) : budget_.Release(charged_ - held_);
    charged_ = held_;
  }

  Budget& budget_;
  size_t held_ = 0, charged_ = 0;
};

}  // namespace sluice
