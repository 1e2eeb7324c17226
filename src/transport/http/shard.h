// The connections of one loop.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "transport/http/connection.h"

namespace sluice::http {

// Belongs to its loop, except where said otherwise.
class Shard final : private ConnectionOwner {
 public:
  Shard(AsioLoop& loop, const Limits& limits, Random random);

  AsioLoop& loop() { return loop_; }
  ServiceList& service() { return service_; }
  std::span<char> read_buffer() { return read_buffer_; }
  ConnectionStats& stats() { return stats_; }  // readable from any thread

  // Takes a socket; one connection of context.budget was taken for it. `context` outlives the shard's connections.
  void Adopt(const ConnectionContext& context, UniqueFd fd, const IpBytes& ip, uint16_t port);
  // Every connection ends politely, at `deadline` impolitely; then `done` runs, once. Sockets adopted later are closed.
  void Drain(TimePoint deadline, Task done);

 private:
  void Tick();
  void ArmTick();
  // Does it to every connection of now, many of them in later turns; then runs `done`.
  void ForAll(void (Connection::*what)(), Task done);
  void GoOn(std::vector<Connection*> left, void (Connection::*what)(), Task done);
  void OnGone(Connection& connection) override;
  void RemoveGone();
  void CheckDrained();

  AsioLoop& loop_;
  const Limits& limits_;
  Random random_;
  ServiceList service_;
  ConnectionStats stats_;
  std::vector<char> read_buffer_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> gone_;
  Loop::TimerId tick_ = 0;  // set while there are connections
  Loop::TimerId deadline_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  Task drained_;
};

}  // namespace sluice::http
