#include "cli/bench/h2_client.h"

#include "base/strings.h"
#include "cli/bench/h2_connection.h"

namespace sluice::cli::bench {

H2Client::H2Client(AsioLoop& loop, const Address& to, const std::string& host, const Work& work, const Lanes& lanes,
                   size_t connections)
    : loop_(loop), to_(to), host_(host), work_(work), lanes_(lanes), connections_(lanes.sources.size()) {
  for (auto& of_source : connections_) of_source.resize(connections);
}

H2Client::~H2Client() = default;

std::vector<std::pair<std::string, std::string>> H2Client::HeadOf(const Call& call) const {
  std::vector<std::pair<std::string, std::string>> head = {
      {":method", work_.verb}, {":scheme", "http"}, {":authority", host_}, {":path", work_.path}};
  head.insert(head.end(), work_.headers.begin(), work_.headers.end());
  const Lane& lane = lanes_.Of(call);
  head.insert(head.end(), lane.headers.begin(), lane.headers.end());
  if (call.left > Duration::zero()) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(call.left).count();
    if (work_.grpc) {
      head.emplace_back("grpc-timeout", StrCat(us, "u"));
    } else {
      head.emplace_back("x-request-timeout", StrCat(static_cast<double>(us) / 1e6));
    }
  }
  return head;
}

// In turn, so that the calls spread evenly; a connection that is going or gone is left to its calls, or replaced.
bool H2Client::Send(const Call& call, Done& done) {
  const size_t source = lanes_.Of(call).source;
  auto& connections = connections_[source];
  for (size_t tried = 0; tried < connections.size(); ++tried) {
    auto& connection = connections[turn_++ % connections.size()];
    if (connection != nullptr && connection->over()) {
      loop_.Post([gone = std::move(connection)] {});  // it may be the one that is running
      connection = nullptr;
    }
    if (connection == nullptr) {
      auto socket = Dial(to_, lanes_.sources[source]);
      if (!socket.ok()) continue;
      connection = std::make_unique<H2Connection>(loop_, *std::move(socket), work_);
    }
    if (connection->HasRoom()) {
      connection->Begin(HeadOf(call), call.give_up_at, std::move(done));
      return true;
    }
  }
  return false;
}

void H2Client::Sweep(TimePoint now) {
  for (auto& of_source : connections_) {
    for (auto& connection : of_source) {
      if (connection != nullptr) connection->Sweep(now);
    }
  }
}

}  // namespace sluice::cli::bench
