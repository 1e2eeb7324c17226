// Whose turn it is. Principals share the workers' time; within one principal the most urgent item goes first.
//
// Start-time fair queueing: every principal has a clock of the time that it was given, divided by its weight, and the
// one that shows least goes first. A shared clock runs as fast as the average of those that have something waiting; who
// comes back from a pause starts there, so that a pause earns nothing. Both clocks only run forward, by work that was
// done and by what refusals cost, so nobody waits for ever, and what a client asks for (deadlines, retries, many
// connections) changes nothing between clients. Pure: no clock, no thread. A class of work (live, batch, background)
// that is to go before others gets an order of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "base/clock.h"
#include "base/principal.h"
#include "scheduler/weights.h"

namespace sluice {

// An item's place among those of its principal.
struct Urgency {
  TimePoint by;
  int priority;
  uint64_t ticket;  // in order of arrival
  bool operator<(const Urgency& other) const {
    return std::tuple(by, -static_cast<int64_t>(priority), ticket) <
           std::tuple(other.by, -static_cast<int64_t>(other.priority), other.ticket);
  }
};

class FairOrder {
 public:
  // What one principal has waiting of one queue (any pointer that tells queues apart).
  struct Part {
    const void* queue;
    size_t items = 0;
    double cost = 0;
  };
  // One principal.
  struct Share {
    Share(Principal p, Weights::Weight w) : principal(p), weight(w) {}
    const Principal principal;
    const Weights::Weight weight;
    Duration used{};  // its clock
    // What its clock moves by when it is given `time`.
    Duration Ticks(Duration time) const { return time / static_cast<int64_t>(weight); }
    std::set<Urgency> waiting;
    absl::InlinedVector<Part, 2> parts;  // of the queues that it has items in
    size_t ItemsIn(const void* queue) const;

   private:
    friend class FairOrder;
    uint64_t turn = 0;
  };
  struct Turn {
    Duration used;
    uint64_t turn;  // equals take turns
    Share* share;
    bool operator<(const Turn& other) const { return std::tuple(used, turn) < std::tuple(other.used, other.turn); }
  };

  // Valid while it has something waiting.
  Share& Add(Principal principal, const Urgency& item, const void* queue, double cost);
  void Remove(Share& share, const Urgency& item, const void* queue, double cost);

  // Those that have something waiting, next first.
  const std::set<Turn>& turns() const { return turns_; }
  // Theirs, added up.
  int64_t turns_weight() const { return turns_weight_; }
  // Null when the principal has nothing waiting.
  const Share* Find(Principal principal) const;

  // Remove(): the item is given `time` (predicted).
  void Serve(Share& share, const Urgency& item, const void* queue, double cost, Duration time);
  // It took so much more (or less) than was predicted.
  void Correct(Principal principal, Duration more);
  // It cost so much without being given anything. What is ahead of the shared clock by kAheadMax does not grow by it.
  void Charge(Principal principal, Duration time);

  // What the clock of `principal` shows when its next item comes, and it has been given `time` before that.
  Duration ClockOf(Principal principal, Duration time = {}) const;

 private:
  void Move(Share& share, Duration used);
  void Forget();
  Weights::Weight WeightOf(Principal principal) const;

  absl::flat_hash_map<Principal, std::unique_ptr<Share>> shares_;  // also some that have nothing waiting
  std::set<Turn> turns_;
  int64_t turns_weight_ = 0;
  const Weights* weights_ = nullptr;
  Duration now_{};  // the shared clock
  uint64_t last_turn_ = 0;
  size_t forget_at_;
  static constexpr size_t kSharesKept = 64;
  static constexpr Duration kAheadMax = std::chrono::milliseconds(250);

 public:
  FairOrder() : forget_at_(kSharesKept) {}
  // Before anything is added. Must outlive the order.
  void Use(const Weights& weights) { weights_ = &weights; }
};

}  // namespace sluice
