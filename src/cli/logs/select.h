// Which lines of a log are wanted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/logs/line.h"

namespace sluice::cli::logs {

struct Filter {
  enum class Is { kEqual, kNotEqual, kAbove, kBelow };
  std::string field;
  Is is = Is::kEqual;
  std::string value;
  double number = 0;

  // A line without the field holds for kNotEqual only.
  bool Holds(const Line& line) const;
};

// "field=value", "field!=value", "field>number", "field<number".
absl::StatusOr<std::vector<Filter>> ParseFilters(const std::vector<std::string>& texts);

class Selection {
 public:
  // slowest > 0: no line is shown until Slowest() has seen all.
  Selection(std::vector<Filter> filters, size_t slowest) : filters_(std::move(filters)), slowest_(slowest) {}

  // Whether to show the line now.
  bool Take(const std::string& text);
  // The kept ones, the slowest first.
  std::vector<std::string> Slowest();
  size_t skipped() const { return skipped_; }

 private:
  const std::vector<Filter> filters_;
  const size_t slowest_;
  std::vector<std::pair<double, std::string>> kept_;  // a heap: the fastest is on top
  size_t skipped_ = 0;
};

}  // namespace sluice::cli::logs
