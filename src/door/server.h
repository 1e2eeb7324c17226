// The whole server as one object: wiring at start, teardown in the right order at the end.
//
// Start:  logs → workers → models → methods → codecs → loops → listeners
// Stop:   stop accepting → calls → workers → posts → engine → logs → loops
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ai/inference/config/server.pb.h"
#include "base/exit_guard.h"

namespace sluice {

class Server {
 public:
  using Reread = std::function<absl::StatusOr<ai::inference::config::Server>()>;
  // Loads every model and opens the listeners; blocks for seconds. An error is for the operator. `reread` tells what
  // the options would be by now, for whoever compares; thread-safe.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ai::inference::config::Server& options,
                                                       Reread reread = {});
  // What /openapi.json of such a server is, without models or network.
  static absl::StatusOr<std::string> OpenApiDocument(const ai::inference::config::Server& options);
  // Cuts whatever Drain left.
  ~Server();

  // "127.0.0.1:8000", with the port that was picked for 0, in the order of the configuration.
  std::vector<std::string> addresses() const;

  // Not ready first, then `drain.delay_ms` of service as before, then GOAWAY and the end of what is in flight, at most
  // `drain.timeout_ms`. Blocks; not on a loop. Returns true when nothing had to be cut; else the log says what. From
  // here on the process ends soon after that time, whatever does not stop.
  bool Drain();

  // Once: `alive` is called each `interval`, on a loop, while all loops turn.
  void Watch(std::chrono::nanoseconds interval, std::function<void()> alive);

  // Log files are opened again under their names, and files that may change are read again. Any thread; does not wait
  // for a disk.
  void Reload();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<ExitGuard> guard_;  // goes last
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
