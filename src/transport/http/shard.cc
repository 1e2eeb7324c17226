#include "transport/http/shard.h"

#include <utility>

#include "base/long_turn.h"

namespace sluice::http {
namespace {
constexpr size_t kReadBytes = 128 << 10;  // of one read; large bodies arrive in few pieces
constexpr size_t kLookEvery = 16;         // connections between two looks at the clock
constexpr Duration kTickDraining = std::chrono::milliseconds(50);
}  // namespace

Shard::Shard(AsioLoop& loop, const Limits& limits, Random random)
    : loop_(loop), limits_(limits), random_(random), service_(loop), read_buffer_(kReadBytes) {}

void Shard::Adopt(const ConnectionContext& context, UniqueFd fd, const IpBytes& ip, uint16_t port) {
  if (draining_) {
    context.budget.Disconnect();
    return;
  }
  // ±10 %, so that clients who came together do not leave together.
  const Duration age =
      std::chrono::duration_cast<Duration>(limits_.connection_age_max * (0.9 + 0.2 * random_.Uniform()));
  auto made = std::make_unique<Connection>(context, static_cast<ConnectionOwner&>(*this), std::move(fd), ip, port, age);
  connections_.emplace(made.get(), std::move(made));
  ArmTick();
}

void Shard::OnGone(Connection& connection) {
  gone_.push_back(&connection);
  if (gone_.size() == 1) loop_.Post([this] { RemoveGone(); });
}

void Shard::RemoveGone() {
  while (!gone_.empty()) {
    connections_.erase(std::exchange(gone_.back(), nullptr));
    gone_.pop_back();
    if (gone_.empty() || !TurnIsLong(loop_)) continue;
    loop_.At(loop_.Now(), [this] { RemoveGone(); });
    return;
  }
  CheckDrained();
}

void Shard::Tick() {
  tick_ = 0;
  ticking_ = true;
  ForAll(&Connection::Tick, [this] {
    ticking_ = false;
    ArmTick();
  });
}

void Shard::ForAll(void (Connection::*what)(), Task done) {
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [connection, owner] : connections_) all.push_back(connection);
  GoOn(std::move(all), what, std::move(done));
}

void Shard::GoOn(std::vector<Connection*> left, void (Connection::*what)(), Task done) {
  for (size_t i = 1; !left.empty(); ++i) {
    Connection* const connection = left.back();
    left.pop_back();
    if (connections_.contains(connection)) (connection->*what)();
    if (i % kLookEvery != 0 || !TurnIsLong(loop_)) continue;
    loop_.At(loop_.Now(), [this, left = std::move(left), what, done = std::move(done)]() mutable {
      GoOn(std::move(left), what, std::move(done));
    });
    return;
  }
  done();
}

void Shard::ArmTick() {
  if (tick_ != 0 || ticking_ || connections_.empty()) return;
  const Duration period = draining_ ? kTickDraining : Connection::TickPeriod(limits_);
  tick_ = loop_.At(loop_.Now() + period, [this] { Tick(); });
}

void Shard::Drain(TimePoint deadline, Task done) {
  draining_ = true;
  drained_ = std::move(done);
  ForAll(&Connection::Drain, [] {});
  loop_.Cancel(std::exchange(tick_, 0));
  ArmTick();
  deadline_ = loop_.At(deadline, [this] {
    deadline_ = 0;
    ForAll(&Connection::Cut, [] {});
  });
  CheckDrained();
}

void Shard::CheckDrained() {
  if (!draining_ || !connections_.empty() || !drained_) return;
  loop_.Cancel(std::exchange(tick_, 0));
  loop_.Cancel(std::exchange(deadline_, 0));
  std::exchange(drained_, nullptr)();
}

}  // namespace sluice::http
