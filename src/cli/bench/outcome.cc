#include "cli/bench/outcome.h"

#include <charconv>

namespace sluice::cli::bench {
namespace {

// The number that `text` begins with.
std::optional<uint32_t> Leading(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

Outcome OfHttp(int status) {
  switch (status) {
    case 200: return Outcome::kOk;
    case 408:
    case 504: return Outcome::kLate;
    case 429:
    case 503: return Outcome::kRefused;
    default: return Outcome::kFailed;
  }
}

Outcome OfGrpc(int status) {
  switch (status) {
    case 0: return Outcome::kOk;
    case 4: return Outcome::kLate;
    case 8:
    case 14: return Outcome::kRefused;
    default: return Outcome::kFailed;
  }
}

}  // namespace

Outcome Judge(const Answer& answer, bool grpc, Duration took, Duration deadline) {
  const bool over = deadline > Duration::zero() && took > deadline;
  if (answer.status == 0) return over ? Outcome::kLate : Outcome::kFailed;
  const Outcome said = grpc && answer.status == 200 ? OfGrpc(answer.grpc_status) : OfHttp(answer.status);
  return said == Outcome::kOk && over ? Outcome::kLate : said;
}

std::optional<Duration> RetryAfter(std::string_view header, std::string_view problem) {
  constexpr std::string_view kMember = "\"retry_after_ms\":";
  if (const size_t at = problem.find(kMember); at != std::string_view::npos) {
    if (const auto ms = Leading(problem.substr(at + kMember.size()))) return std::chrono::milliseconds(*ms);
  }
  if (const auto seconds = Leading(header)) return std::chrono::seconds(*seconds);
  return std::nullopt;
}

void ReadPushback(std::string_view value, Answer& answer) {
  if (const auto ms = Leading(value)) {
    answer.retry_after = std::chrono::milliseconds(*ms);
  } else {
    answer.never_retry = true;
  }
}

}  // namespace sluice::cli::bench
