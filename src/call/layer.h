// A layer of the call chain: one concern that every call passes, in the order of lists.cc.
//
//   Enter      once, when the head is known and nothing is decoded yet
//   OnRequest  for each request message, before the handler sees it
//   OnAnswer   for each answer message, before the codec takes any of its fields
//   Leave      once, on any ending, in reverse order: what Enter takes, Leave gives back
//
// A layer object is shared by all loops: its own state must be thread-safe; per-call state lives in Call::State.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace ai::inference::config {
class Server;
}
namespace google::protobuf {
class Message;
}
namespace prometheus {
class Registry;
}

namespace sluice {

class AccessLog;
class Call;
class Chores;
class LoadProbe;
class Loop;
class Redis;
class SharedRandom;
struct Telemetry;
class WatchedFiles;
using google::protobuf::Message;

enum class Step {
  kNext,  // go on
  kStop,  // the layer has ended the call: Call::Fail, or Call::Reply with a ready answer
  kPark,  // the layer will call Call::Resume() or end the call, on the call's loop; nothing is lost meanwhile
};

// Base of a layer's per-call state.
struct LayerState {
  virtual ~LayerState() = default;
};

class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::string_view name() const = 0;
  virtual Step Enter(Call& /*call*/) { return Step::kNext; }
  // `message` stays where it is until the handler gets it, also while the call is parked.
  virtual Step OnRequest(Call& /*call*/, const Message& /*message*/) { return Step::kNext; }
  virtual void OnAnswer(Call& /*call*/, const Message& /*message*/) {}
  virtual void Leave(Call& /*call*/) noexcept {}
};

// What a layer may need, of this chain or of admission's. All of it outlives the layers and may be used by any thread,
// the loop by Post() only.
struct LayerContext {
  const ai::inference::config::Server& options;
  const Clock& clock;
  SharedRandom& random;
  Loop& loop;  // for what a layer does by itself; a call has its own
  prometheus::Registry& metrics;
  AccessLog& log;
  Chores& chores;
  LoadProbe& load;
  WatchedFiles& files;  // a layer adds its own before the server serves
  Telemetry& telemetry;
  Redis* redis = nullptr;  // null: not configured; of the server's loops
};

// In the order of entry. Requests pass in this order, answers in the reverse one.
using Chain = std::vector<std::unique_ptr<Layer>>;

}  // namespace sluice
