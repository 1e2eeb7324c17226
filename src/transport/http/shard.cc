#include "transport/http/shard.h"

#include <utility>

namespace sluice::http {
namespace {
constexpr size_t kReadBytes = 128 << 10;  // of one read; large bodies arrive in few pieces
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
  for (Connection* connection : std::exchange(gone_, {})) connections_.erase(connection);
  CheckDrained();
}

void Shard::Tick() {
  tick_ = 0;
  for (const auto& [connection, owner] : connections_) connection->Tick();
  ArmTick();
}

void Shard::ArmTick() {
  if (tick_ != 0 || connections_.empty()) return;
  const Duration period = draining_ ? kTickDraining : Connection::TickPeriod(limits_);
  tick_ = loop_.At(loop_.Now() + period, [this] { Tick(); });
}

void Shard::Drain(TimePoint deadline, Task done) {
  draining_ = true;
  drained_ = std::move(done);
  for (const auto& [connection, owner] : connections_) connection->Drain();
  loop_.Cancel(std::exchange(tick_, 0));
  ArmTick();
  deadline_ = loop_.At(deadline, [this] {
    for (const auto& [connection, owner] : connections_) connection->Cut();
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
