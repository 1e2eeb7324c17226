#include "cli/bench/options.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include "base/error.h"
#include "base/host_port.h"
#include "base/strings.h"

namespace sluice::cli::bench {
namespace {

absl::Status Wrong(std::string_view text, std::string_view expected) {
  return Error(Reason::INVALID_REQUEST, StrCat("'", text, "' is not ", expected));
}

bool Positive(absl::string_view text, double& value) { return absl::SimpleAtod(text, &value) && value > 0; }

}  // namespace

Step Step::At(double capacity) const {
  Step step = *this;
  if (of_capacity) step.per_second *= capacity;
  step.of_capacity = false;
  step.capacity = capacity;
  return step;
}

absl::StatusOr<std::vector<Step>> ParseSteps(std::string_view text, double seconds) {
  constexpr std::string_view kExpected =
      "a rate: calls per second as 300, or 1.5x of the capacity; :SECONDS may follow";
  std::vector<Step> steps;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(part, absl::MaxSplits(':', 1));
    absl::string_view rate = halves.first;
    Step step{.name = std::string(rate)};
    step.of_capacity = !rate.empty() && rate.back() == 'x';
    if (step.of_capacity) rate.remove_suffix(1);
    double lasts = seconds;
    if (!Positive(rate, step.per_second) || (!halves.second.empty() && !Positive(halves.second, lasts))) {
      return Wrong(ToStd(part), kExpected);
    }
    step.lasts = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(lasts));
    steps.push_back(std::move(step));
  }
  return steps;
}

absl::StatusOr<std::vector<Share>> ParseShares(std::string_view text) {
  std::vector<Share> shares;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(part, absl::MaxSplits('=', 1));
    Share share{.name = std::string(halves.first)};
    if (!halves.second.empty() && !Positive(halves.second, share.weight)) {
      return Wrong(ToStd(part), "NAME or NAME=WEIGHT");
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

size_t Choose(const std::vector<Share>& shares, Random& random) {
  if (shares.size() == 1) return 0;
  double sum = 0;
  for (const Share& share : shares) sum += share.weight;
  double left = random.Uniform() * sum;
  for (size_t i = 0; i + 1 < shares.size(); ++i) {
    left -= shares[i].weight;
    if (left < 0) return i;
  }
  return shares.size() - 1;
}

absl::StatusOr<Identity> ParseIdentity(std::string_view principal) {
  if (principal.empty()) return Identity{};
  if (principal.starts_with("key:")) return Identity{{}, "authorization", StrCat("Bearer ", principal.substr(4))};
  const bool forwarded = principal.starts_with("xff:");
  std::string ip(forwarded ? principal.substr(4) : principal);
  if (!IsIpAddress(ip)) return Wrong(principal, "a principal: an address of this machine, xff:ADDRESS or key:SECRET");
  if (forwarded) return Identity{{}, "x-forwarded-for", std::move(ip)};
  return Identity{std::move(ip), {}, {}};
}

}  // namespace sluice::cli::bench
