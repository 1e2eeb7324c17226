// A layer of the call chain: one concern that every call passes, in the order of lists.cc.
//
// What Enter takes, Leave gives back: each layer that was entered is left exactly once, in reverse order, on any ending.
// A layer object is shared by all loops: its own state must be thread-safe; per-call state lives in Call::State.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice {

class Call;

enum class Step {
  kNext,  // go on
  kStop,  // the layer has ended the call (Call::Finish or Call::Fail)
  kPark,  // the layer will call Call::Resume() or end the call, on the call's loop
};

enum class Direction { kRequest, kResponse };

// Base of a layer's per-call state.
struct LayerState {
  virtual ~LayerState() = default;
};

class Layer {
 public:
  virtual ~Layer() = default;
  virtual std::string_view name() const = 0;
  virtual Step Enter(Call& call) = 0;
  // Every message of a stream, and the one of a unary call. `bytes` is its size on the wire.
  virtual Step OnMessage(Call& call, Direction direction, size_t bytes) { return Step::kNext; }
  virtual void Leave(Call& call) noexcept {}
};

// `arrival` layers run when the head is known, before anything is decoded; `request` layers when the (first) request
// message is decoded. Order is the order of entry.
struct Chain {
  std::vector<std::unique_ptr<Layer>> arrival;
  std::vector<std::unique_ptr<Layer>> request;
};

}  // namespace sluice
