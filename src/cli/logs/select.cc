#include "cli/logs/select.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli::logs {
namespace {

bool IsSlower(const std::pair<double, std::string>& a, const std::pair<double, std::string>& b) {
  return a.first > b.first;
}

absl::StatusOr<Filter> ParseFilter(const std::string& text) {
  const size_t at = text.find_first_of("=!<>");
  if (at == 0 || at == std::string::npos) {
    return Error(Reason::INVALID_REQUEST, StrCat("'", text, "' is no condition; for example code=OK or 'latency>50'"));
  }
  Filter filter{.field = text.substr(0, at)};
  size_t skip = 1;
  if (text.compare(at, 2, "!=") == 0) {
    filter.is = Filter::Is::kNotEqual;
    skip = 2;
  } else if (text[at] != '=') {
    filter.is = text[at] == '>' ? Filter::Is::kAbove : Filter::Is::kBelow;
  }
  filter.value = text.substr(at + skip);
  const bool compares = filter.is == Filter::Is::kAbove || filter.is == Filter::Is::kBelow;
  if (text[at] == '!' && skip == 1) return Error(Reason::INVALID_REQUEST, StrCat("'", text, "': write != for not"));
  if (!absl::SimpleAtod(filter.value, &filter.number) && compares) {
    return Error(Reason::INVALID_REQUEST, StrCat("'", text, "': '", filter.value, "' is not a number"));
  }
  return filter;
}

}  // namespace

bool Filter::Holds(const Line& line) const {
  const auto it = line.find(field);
  if (it == line.end()) return is == Is::kNotEqual;
  switch (is) {
    case Is::kEqual: return it->second.text == value;
    case Is::kNotEqual: return it->second.text != value;
    case Is::kAbove: return it->second.is_number && it->second.number > number;
    case Is::kBelow: return it->second.is_number && it->second.number < number;
  }
  return false;
}

absl::StatusOr<std::vector<Filter>> ParseFilters(const std::vector<std::string>& texts) {
  std::vector<Filter> filters;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(Filter filter, ParseFilter(text));
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool Selection::Take(const std::string& text) {
  const Line line = ParseLine(text);
  if (line.empty()) {
    skipped_ += text.empty() ? 0 : 1;
    return false;
  }
  if (!std::all_of(filters_.begin(), filters_.end(), [&](const Filter& filter) { return filter.Holds(line); })) {
    return false;
  }
  if (slowest_ == 0) return true;
  const auto latency = line.find("latency");
  if (latency == line.end()) return false;
  kept_.emplace_back(latency->second.number, text);
  std::push_heap(kept_.begin(), kept_.end(), IsSlower);
  if (kept_.size() > slowest_) {
    std::pop_heap(kept_.begin(), kept_.end(), IsSlower);
    kept_.pop_back();
  }
  return false;
}

std::vector<std::string> Selection::Slowest() {
  std::sort_heap(kept_.begin(), kept_.end(), IsSlower);
  std::vector<std::string> lines;
  for (auto& [latency, text] : kept_) lines.push_back(std::move(text));
  kept_.clear();
  return lines;
}

}  // namespace sluice::cli::logs
