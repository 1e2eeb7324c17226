// Why the scheduler refuses work, and how often it was wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/work_class.h"

namespace sluice {

enum class ShedRule : uint8_t {
  kQueueFull,  // the model's queue has no room
  kShare,      // this principal's part of it has none
  kDeadline,   // it could not be done by its deadline
  kSlo,        // live work that could not be done within the model's slo_ms
  kEarly,      // it would not even start by its deadline: refused before its body was read
};
inline constexpr size_t kShedRules = 5;

constexpr std::string_view ToString(ShedRule rule) {
  constexpr std::string_view kNames[kShedRules] = {"queue_full", "share", "deadline", "slo", "early"};
  return kNames[static_cast<size_t>(rule)];
}

struct ShedCounts {
  std::array<std::array<uint64_t, kShedRules>, kWorkClasses> by_class{};
  // Of the refusals for time, those that were followed up, and those of them that would have been in time.
  uint64_t followed = 0;
  uint64_t wrong = 0;
  void Count(WorkClass work_class, ShedRule rule) {
    ++by_class[static_cast<size_t>(work_class)][static_cast<size_t>(rule)];
  }
};

}  // namespace sluice
