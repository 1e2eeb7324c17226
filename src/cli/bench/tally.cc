#include "cli/bench/tally.h"

#include <algorithm>

namespace sluice::cli::bench {

void Tally::Count(Outcome outcome, Duration took) {
  switch (outcome) {
    case Outcome::kOk:
      ++ok;
      ok_took.Add(took);
      break;
    case Outcome::kLate: ++late; break;
    case Outcome::kRefused:
      ++refused;
      refused_took.Add(took);
      break;
    case Outcome::kFailed: ++failed; break;
  }
}

void Window::Count(Outcome outcome, Duration took) {
  switch (outcome) {
    case Outcome::kOk:
      ++ok;
      slowest_ok = std::max(slowest_ok, took);
      break;
    case Outcome::kLate: ++late; break;
    case Outcome::kRefused: ++refused; break;
    case Outcome::kFailed: ++failed; break;
  }
}

}  // namespace sluice::cli::bench
