// Calls over HTTP/1.1: one at a time on a connection, and as many connections as it takes, up to a maximum.
//
// Frugal, because it shares the machine with the server: a body is never copied, and an answer that comes before the
// body is sent ends the call at once; what is left of the body is sent when that costs less than a new connection.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/asio_loop.h"
#include "base/unique_fd.h"
#include "cli/bench/client.h"
#include "cli/bench/dial.h"
#include "cli/bench/lanes.h"
#include "cli/bench/work.h"

namespace sluice::cli::bench {

class H1Client final : public Client {
 public:
  // `loop`, `work` and `lanes` outlive the client, which is made and destroyed on the loop. `connections_max` of each
  // source.
  H1Client(AsioLoop& loop, const Address& to, const std::string& host, const Work& work, const Lanes& lanes,
           size_t connections_max);
  ~H1Client() override;

  bool Send(const Call& call, Done& done) override;
  void Sweep(TimePoint now) override;

 private:
  class Connection;
  friend class Connection;

  Connection* Open(size_t source);
  void Idle(Connection& connection);
  void Drop(Connection& connection);

  AsioLoop& loop_;
  const Address to_;
  const Work& work_;
  const Lanes& lanes_;
  const size_t connections_max_;
  const UniqueFd body_file_;
  std::string head_;  // of every request
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<size_t> open_;                    // by source, like the next
  std::vector<std::vector<Connection*>> idle_;  // the one used last is at the back
  std::vector<char> buffer_;                    // what was just read
};

}  // namespace sluice::cli::bench
