// How much a piece of work minds waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

enum class WorkClass : uint8_t {
  kLive,        // somebody looks at the answer as it comes
  kBatch,       // should be done soon
  kBackground,  // whatever is left
};
inline constexpr size_t kWorkClasses = 3;

constexpr std::string_view ToString(WorkClass work_class) {
  constexpr std::string_view kNames[kWorkClasses] = {"live", "batch", "background"};
  return kNames[static_cast<size_t>(work_class)];
}

constexpr std::optional<WorkClass> WorkClassNamed(std::string_view name) {
  for (size_t i = 0; i < kWorkClasses; ++i) {
    if (ToString(static_cast<WorkClass>(i)) == name) return static_cast<WorkClass>(i);
  }
  return std::nullopt;
}

}  // namespace sluice
