#include "cli/bench/generator.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "cli/batch/retry.h"

namespace sluice::cli::bench {
namespace {

// Arrivals of less than this go out together: a thousand wake-ups a second cost less than ten thousand.
constexpr Duration kTick = std::chrono::microseconds(500);
constexpr Duration kIdleTick = std::chrono::milliseconds(10);
constexpr Duration kProgress = std::chrono::milliseconds(250);
constexpr Duration kGrace = std::chrono::milliseconds(500);  // for the server's own word on a deadline that passed
constexpr Duration kNoDeadline = std::chrono::seconds(30);
// After a refusal answers are looked at once per millisecond: the core is the server's, which is short of it.
constexpr Duration kLagAfterRefusal = std::chrono::milliseconds(50);
constexpr size_t kWaitingMax = 100'000;
// Of good answers: retries must not keep up an overload that would be over without them.
constexpr double kRetryBudget = 0.1;

}  // namespace

Generator::Generator(Loop& loop, Client& client, Random& random, Load load, Hooks hooks)
    : loop_(loop), client_(client), random_(random), load_(std::move(load)), hooks_(std::move(hooks)) {
  waiting_.resize(load_.principals.size());
  results_.resize(load_.steps.size());
  for (StepResult& result : results_) {
    result.classes.resize(load_.classes.size());
    result.principals.resize(load_.principals.size());
  }
  if (load_.window > Duration::zero()) windows_.resize(static_cast<size_t>(planned() / load_.window) + 1);
}

Generator::~Generator() {
  *alive_ = false;
  loop_.Cancel(timer_);
}

Duration Generator::planned() const {
  Duration sum{};
  for (const Step& step : load_.steps) sum += step.lasts + load_.pause;
  return sum;
}

void Generator::Start() {
  started_ = next_progress_ = loop_.clock().Now();
  NextStep(started_);
  Tick();
}

void Generator::NextStep(TimePoint begins) {
  if (hooks_.on_step) hooks_.on_step(step_);
  if (step_ == load_.steps.size()) {
    over_ = true;
    return;
  }
  const Step& step = load_.steps[step_];
  step_began_ = begins;
  step_ends_ = begins + step.lasts;
  arrivals_ = std::make_unique<Arrivals>(load_.spacing, step.per_second, random_);
  next_arrival_ = begins + arrivals_->Next();
}

void Generator::Tick() {
  const TimePoint now = loop_.clock().Now();
  OfferDue(now);
  for (auto& waiting : waiting_) FlushWaiting(waiting, now);
  if (now >= next_sweep_) {
    next_sweep_ = now + kIdleTick;
    client_.Sweep(now);
  }
  if (now >= next_progress_ && !over_) {
    next_progress_ = now + kProgress;
    if (hooks_.on_progress) hooks_.on_progress(now - started_, results_[step_].all);
  }
  if (over_ && in_flight_ == 0 && NobodyWaits() && !done_) {
    done_ = true;
    if (hooks_.on_done) hooks_.on_done();
    return;
  }
  if (done_) return;
  const TimePoint next = over_ ? now + kIdleTick : std::min(std::max(next_arrival_, now + kTick), now + kIdleTick);
  timer_ = loop_.At(next, [this] { Tick(); });
}

void Generator::OfferDue(TimePoint now) {
  while (!over_) {
    if (next_arrival_ < step_ends_) {
      if (next_arrival_ > now) return;
      Pending pending{next_arrival_, step_, Choose(load_.classes, random_), Choose(load_.principals, random_), 0};
      Offer(pending);
      next_arrival_ = step_began_ + arrivals_->Next();
    } else {
      const TimePoint next_step = step_ends_ + load_.pause;
      if (next_step > now) return;
      ++step_;
      NextStep(next_step);
    }
  }
}

void Generator::Offer(const Pending& pending) {
  EachTally(pending, [](Tally& tally) { ++tally.offered; });
  if (Window* window = WindowOf(pending)) ++window->offered;
  auto& waiting = waiting_[pending.principal];
  if (waiting.empty() && TrySend(pending, loop_.clock().Now())) return;
  if (waiting.size() < kWaitingMax) return waiting.push_back(pending);
  EachTally(pending, [](Tally& tally) { ++tally.unsent; });
}

void Generator::FlushWaiting(std::deque<Pending>& waiting, TimePoint now) {
  while (!waiting.empty()) {
    const Pending& first = waiting.front();
    if (load_.deadline > Duration::zero() && first.intended + load_.deadline <= now) {
      EachTally(first, [](Tally& tally) { ++tally.unsent; });
    } else if (!TrySend(first, now)) {
      return;
    }
    waiting.pop_front();
  }
}

bool Generator::NobodyWaits() const {
  return std::all_of(waiting_.begin(), waiting_.end(), [](const auto& waiting) { return waiting.empty(); });
}

Duration Generator::GiveUpAfter() const {
  return load_.deadline > Duration::zero() ? load_.deadline + kGrace : kNoDeadline;
}

bool Generator::TrySend(const Pending& pending, TimePoint now) {
  Call call{pending.work_class, pending.principal, {}, pending.intended + GiveUpAfter()};
  if (load_.deadline > Duration::zero()) {
    call.left = std::max<Duration>(pending.intended + load_.deadline - now, std::chrono::milliseconds(1));
  }
  Client::Done done = [this, pending](const Answer& answer) { Finished(pending, answer); };
  if (!client_.Send(call, done)) return false;
  ++in_flight_;
  EachTally(pending, [&](Tally& tally) {
    ++tally.sent;
    tally.lag.Add(now - pending.intended);
  });
  return true;
}

void Generator::Finished(const Pending& pending, const Answer& answer) {
  --in_flight_;
  const TimePoint now = loop_.clock().Now();
  const Duration took = now - pending.intended;
  const Outcome outcome = Judge(answer, load_.grpc, took, load_.deadline);
  EachTally(pending, [&](Tally& tally) { tally.Count(outcome, took); });
  if (Window* window = WindowOf(pending)) window->Count(outcome, took);
  if (outcome == Outcome::kOk) ++good_;
  if (outcome == Outcome::kRefused) loop_.MayLag(now + kLagAfterRefusal);
  if (outcome == Outcome::kRefused && load_.retry && !answer.never_retry) MaybeRetry(pending, answer);
  FlushWaiting(waiting_[pending.principal], now);
}

void Generator::MaybeRetry(const Pending& pending, const Answer& answer) {
  if (over_ || static_cast<double>(retries_ + 1) > kRetryBudget * static_cast<double>(good_)) return;
  std::optional<absl::Duration> asked;
  if (answer.retry_after) asked = absl::FromChrono(*answer.retry_after);
  Pending again = pending;
  const auto delay = RetryDelay(++again.failures, asked, random_);
  if (!delay) return;
  ++retries_;
  again.intended = loop_.clock().Now() + absl::ToChronoNanoseconds(*delay);
  loop_.At(again.intended, [this, again, alive = alive_]() mutable {
    if (!*alive || over_) return;
    again.step = step_;
    EachTally(again, [](Tally& tally) { ++tally.retries; });
    Offer(again);
  });
}

void Generator::EachTally(const Pending& pending, absl::FunctionRef<void(Tally&)> count) {
  StepResult& result = results_[pending.step];
  count(result.all);
  if (result.classes.size() > 1) count(result.classes[pending.work_class]);
  if (result.principals.size() > 1) count(result.principals[pending.principal]);
}

Window* Generator::WindowOf(const Pending& pending) {
  if (windows_.empty()) return nullptr;
  const auto index = static_cast<size_t>((pending.intended - started_) / load_.window);
  return index < windows_.size() ? &windows_[index] : nullptr;
}

}  // namespace sluice::cli::bench
