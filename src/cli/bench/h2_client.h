// Calls over HTTP/2, gRPC's or plain ones: as many at once as the server lets a connection have.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/asio_loop.h"
#include "cli/bench/client.h"
#include "cli/bench/dial.h"
#include "cli/bench/lanes.h"
#include "cli/bench/work.h"

namespace sluice::cli::bench {

class H2Connection;

class H2Client final : public Client {
 public:
  // `loop`, `work` and `lanes` outlive the client, which is made and destroyed on the loop. `connections` from each
  // source, opened as they are needed.
  H2Client(AsioLoop& loop, const Address& to, const std::string& host, const Work& work, const Lanes& lanes,
           size_t connections);
  ~H2Client() override;

  bool Send(const Call& call, Done& done) override;
  void Sweep(TimePoint now) override;

 private:
  std::vector<std::pair<std::string, std::string>> HeadOf(const Call& call) const;

  AsioLoop& loop_;
  const Address to_;
  const std::string host_;
  const Work& work_;
  const Lanes& lanes_;
  std::vector<std::vector<std::unique_ptr<H2Connection>>> connections_;  // by source; null: to be opened
  size_t turn_ = 0;
};

}  // namespace sluice::cli::bench
