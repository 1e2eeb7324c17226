// Whose turn it is among the classes of work: live before batch before background. So that nothing starves, batch work
// keeps a tenth of the workers' time and background work a hundredth, one turn at a time: a live item never waits for
// more than one of theirs. Within a class: FairOrder. Pure: no clock, no thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "base/work_class.h"
#include "scheduler/fair_order.h"

namespace sluice {

class ClassOrder {
 public:
  FairOrder& operator[](WorkClass work_class) { return classes_[Index(work_class)].order; }
  const FairOrder& operator[](WorkClass work_class) const { return classes_[Index(work_class)].order; }

  // Before anything is added. Must outlive the order.
  void Use(const Weights& weights) {
    for (Class& one : classes_) one.order.Use(weights);
  }

  // The class whose turn it is; none when nothing waits.
  std::optional<WorkClass> Next() const;
  // It takes its turn, of `time` (predicted). True: before a higher class, so that it pays for it.
  bool Serve(WorkClass work_class, Duration time);
  // A turn is over, which it `paid` for or not.
  void Done(WorkClass work_class, bool paid, Duration predicted, Duration busy);

  // Of the workers' time, what this class got lately while it had something waiting: above 0, at most 1.
  double PartOf(WorkClass work_class) const;

 private:
  struct Class {
    FairOrder order;
    Duration credit{};  // what it may take before higher classes
    double part = 1;
    bool waits() const { return !order.turns().empty(); }
  };
  static size_t Index(WorkClass work_class) { return static_cast<size_t>(work_class); }
  bool HigherWaits(size_t index) const;

  std::array<Class, kWorkClasses> classes_;
  bool paid_ = false;  // the last turn went before a higher class: the next one does not
};

}  // namespace sluice
