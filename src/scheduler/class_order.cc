#include "scheduler/class_order.h"

#include <algorithm>

namespace sluice {
namespace {

// What a class keeps of the workers' time while higher classes want all of it.
constexpr std::array<double, kWorkClasses> kKept = {0, 0.1, 0.01};
// How much of that it saves up before it takes a turn, and how much at most.
constexpr Duration kCreditMin = std::chrono::milliseconds(1);
constexpr Duration kCreditMax = std::chrono::milliseconds(10);
// Work after which an older part counts 1/e.
constexpr double kPartMemorySeconds = 0.25;

}  // namespace

bool ClassOrder::HigherWaits(size_t index) const {
  return std::any_of(classes_.begin(), classes_.begin() + static_cast<long>(index),
                     [](const Class& one) { return one.waits(); });
}

std::optional<WorkClass> ClassOrder::Next() const {
  for (size_t i = kWorkClasses; i-- > 1 && !paid_;) {
    if (classes_[i].waits() && classes_[i].credit >= kCreditMin) return static_cast<WorkClass>(i);
  }
  for (size_t i = 0; i < kWorkClasses; ++i) {
    if (classes_[i].waits()) return static_cast<WorkClass>(i);
  }
  return std::nullopt;
}

bool ClassOrder::Serve(WorkClass work_class, Duration time) {
  const size_t given = Index(work_class);
  paid_ = HigherWaits(given);
  const double weight = std::min(1.0, std::chrono::duration<double>(time).count() / kPartMemorySeconds);
  for (size_t i = 0; i < kWorkClasses; ++i) {
    Class& one = classes_[i];
    const bool without = i != given && one.waits();
    one.part += weight * ((without ? 0.0 : 1.0) - one.part);
  }
  if (paid_) classes_[given].credit -= time;
  return paid_;
}

// What a lower class keeps is a part of what the others really took.
void ClassOrder::Done(WorkClass work_class, bool paid, Duration predicted, Duration busy) {
  const size_t given = Index(work_class);
  if (paid) classes_[given].credit -= busy - predicted;
  for (size_t i = 0; i < kWorkClasses; ++i) {
    if (i == given) continue;
    Class& one = classes_[i];
    one.credit += std::chrono::duration_cast<Duration>(busy * kKept[i]);
    one.credit = std::min(one.credit, one.waits() ? kCreditMax : Duration::zero());
  }
}

double ClassOrder::PartOf(WorkClass work_class) const {
  const size_t index = Index(work_class);
  return std::max({classes_[index].part, kKept[index], 0.01});
}

}  // namespace sluice
