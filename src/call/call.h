// One rpc in progress, whatever the protocol: the record that codec, layers and handler share.
//
//   codec:   Create ─► Begin ─► Deliver* ─► RequestEnd            Cancel when the peer goes
//   chain:   Enter in Begin, OnRequest for each Deliver, OnAnswer for each Send; Leave in reverse, once, at the end
//   handler: made once every layer is entered (a client stream's) or passed the request; Send* ─► Finish(status)
//   end:     the first of {Finish, Cancel, deadline} wins
//
// A Call lives on one loop; every function is called there. Workers hold a shared_ptr and post back to loop().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "base/budget.h"
#include "base/chores.h"
#include "base/headers.h"
#include "base/trace_context.h"
#include "base/work_class.h"
#include "call/layer.h"
#include "call/method.h"

namespace sluice {

enum class Protocol : uint8_t { kGrpc, kGrpcWeb, kConnect, kRest, kWebSocket, kOip };
std::string_view ToString(Protocol protocol);

// The codec's side of a call. The codec calls Call::Detach before the port dies.
class CallPort {
 public:
  virtual ~CallPort() = default;
  // Encodes a response message; returns its bytes on the wire. A unary codec may hold it back until End.
  virtual size_t Write(const Message& message) = 0;
  // Write() of a message that nobody needs afterwards: its large fields may be taken instead of copied.
  virtual size_t WriteLast(Message&& message) { return Write(message); }
  // What Write() would hold of the memory budget until the message has left.
  virtual size_t AnswerBytes(const Message& message) const { return message.ByteSizeLong(); }
  // The call is over: sends the error, or the end of a successful response. Last call to the port.
  virtual void End(Call& call, const absl::Status& status) = 0;
  // The handler can take one more request message.
  virtual void ReadMore() {}
  // The client asks for more than it may have: nothing more need be read from it for so long.
  virtual void HoldBack(Duration /*time*/) {}
  // False while the peer is slower than the handler; CallHandler::OnWritable follows.
  virtual bool CanWrite() const { return true; }
};

// What a call used of one model version, for the log line, metrics and metering. Filled by the pipeline; streams add
// up.
struct CallUse {
  std::string model_id;
  std::string model_version;
  double queue_ms = 0;
  double decode_ms = 0;
  double pre_ms = 0;
  double infer_ms = 0;
  double post_ms = 0;
  double slo_ms = 0;  // what the model promises; 0: nothing
};

// One stage of the work for a call, for its trace. Stages of streams and of parts side by side follow each other.
struct CallStage {
  std::string_view name;  // a literal: "queue", "decode", "pre", "infer", "post"
  uint32_t use = 0;       // index in Call::uses
  TimePoint began, ended;
};

// A layer that did not let a call, or one use of a model, go its way, and why: in the words and figures of its error.
struct CallNote {
  std::string_view layer;  // its name; "queue" for the scheduler's
  std::string model;       // "face_detection_v1@2"; empty: not about one
  absl::Status why;
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  struct Start {
    const Method* method = nullptr;
    Protocol protocol = Protocol::kGrpc;
    const Headers* headers = nullptr;  // stays until the call is done
    std::string_view client_ip;
    TimePoint arrived;
    Budget* budget = nullptr;  // for what answers hold; null: everything fits. Outlives the call
  };

  static std::shared_ptr<Call> Create(const Start& start, Loop& loop, const Chain& chain, CallPort& port);
  ~Call();

  // --- codec ---
  // Enters the layers. Afterwards the call is open, parked, or ended already (done()).
  void Begin();
  // Begin for a request that is not served: the layers see it, the handler does not.
  void Refuse(absl::Status status) {
    refusal_ = std::move(status);
    Begin();
  }
  // A decoded request message of `bytes` on the wire. For a unary request: once, when the request is complete.
  void Deliver(MessagePtr message, size_t bytes);
  void RequestEnd();
  void Writable();
  void Drain();
  // The codec could not decode the request, or refuses it.
  void Fail(absl::Status status) { Finish(std::move(status)); }
  // The peer reset the stream or vanished: no answer can be sent.
  void Cancel();
  // The port is going away; no answer can be sent any more. `why`: when it is not the client that left.
  void Detach();
  void Detach(absl::Status why);

  // --- handler and layers ---
  void Send(const Message& message);
  // Ends the call with `status`; later calls are ignored.
  void Finish(absl::Status status);
  void Reply(const Message& message) {
    Send(message);
    Finish(absl::OkStatus());
  }
  void Reply(Message&& message);
  void ReadMore();
  bool CanWrite() const { return port_ != nullptr && port_->CanWrite(); }
  // A parked layer lets the call go on.
  void Resume();
  // Runs once, when the call ends without success before the handler ended it or after (cancelled, deadline, refused):
  // what to do to stop work under way. Replaces an earlier one.
  void OnFailure(Task stop) { stop_ = std::move(stop); }
  // For the chores of this call, also those of its answer. The stop is requested when nobody waits for an answer any
  // more: the call ended without success, or its port went away.
  ChoreOwner chore_owner();
  Principal principal() const { return PrincipalOf(key_id, client_ip); }
  // Keeps something alive until the call object goes: until the last job of a call that ended early is done with its
  // bytes.
  void Hold(std::shared_ptr<const BudgetHold> bytes) { held_.push_back(std::move(bytes)); }

  // What the handler makes of the messages of a stream and keeps until its answer leaves; it is given back when the call
  // ends. False, and nothing counted: there is no room.
  bool Keep(size_t bytes);
  size_t kept_bytes() const { return kept_.bytes(); }

  // A handler whose call goes on needs nothing of its request any more: what the codec holds for it goes now.
  void ReleaseRequest() { held_.clear(); }

  bool done() const { return phase_ == Phase::kDone; }
  const Method& method() const { return *method_; }
  Protocol protocol() const { return protocol_; }
  Loop& loop() { return loop_; }
  // Request headers or metadata; until the call is done.
  const Headers& headers() const { return *headers_; }
  // Sent with the response's head. Changes after the first Send have no effect on a stream.
  Headers& response_headers() { return response_headers_; }
  const Headers& response_headers() const { return response_headers_; }
  // Sent after the last message, by protocols that can.
  Headers& response_trailers() { return response_trailers_; }
  const absl::Status& outcome() const { return outcome_; }
  // Where the call was when it ended: a layer's name, "request" (nothing is decoded yet) or "handler".
  std::string_view ended_in() const { return ended_in_; }

  TimePoint arrived() const { return arrived_; }
  // When the request was received completely; starts `latency`.
  TimePoint received() const { return received_; }
  // When the server had all that the client sends: the message, or the end of its stream. kNever: not yet.
  TimePoint completed() const { return completed_; }
  // request received → result ready, in ms. The first call fixes it (Finish does, if nobody else did).
  double LatencyMs();
  TimePoint deadline() const { return deadline_; }
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }

  // Per-call state of a layer, made on first use.
  template <typename T>
  T& State(const Layer& layer);
  // Null before that.
  template <typename T>
  T* FindState(const Layer& layer);

  std::string request_id;
  std::string client_ip;
  TraceContext trace;
  std::string key_id;  // whose credentials came with it; empty: anonymous
  WorkClass work_class;
  // One for each model version, in order of first use; none when the call got to none. Beyond kUsesMax the last one
  // stands for the rest.
  absl::InlinedVector<CallUse, 1> uses;
  static constexpr size_t kUsesMax = 16;
  CallUse& UseOf(std::string_view model_id, std::string_view model_version);
  // In order of their ends. Of what is beyond kStagesMax nothing is kept.
  absl::InlinedVector<CallStage, 4> stages;
  static constexpr size_t kStagesMax = 64;
  // Beyond kNotesMax nothing is kept.
  std::vector<CallNote> notes;
  static constexpr size_t kNotesMax = 16;
  void Note(std::string_view layer, std::string_view model, const absl::Status& why);
  size_t bytes_in = 0;
  size_t bytes_out = 0;
  uint32_t live_index = 0;  // of LiveCalls

  // What it is about, for people: "head" (the layers are not all entered), "body", "work" or "done".
  std::string_view StageName() const;

 private:
  template <typename WriteMessage>
  void SendBy(const Message& message, WriteMessage write);
  // Asked before an answer is made of the message: what is made leaves, whatever else is held by then. A unary call's
  // request goes as its answer comes, so only what is more than that must fit.
  bool HasRoomFor(const Message& message) const;

  enum class Phase : uint8_t { kArriving, kOpen, kDone };

  Call(const Start& start, Loop& loop, const Chain& chain, CallPort& port);
  // Each goes on until a layer stops or parks the call; Resume goes on from there.
  void Advance();
  bool EnterLayers();
  bool PassPending();
  bool Took(Step step);
  void StartHandler();
  void LeaveLayers() noexcept;
  std::string_view Where() const;

  const Method* method_;
  Protocol protocol_;
  Phase phase_ = Phase::kArriving;
  bool parked_ = false;
  bool advancing_ = false;  // a handler or layer that calls back in finds the walk under way
  bool request_received_ = false;
  bool request_ended_ = false;
  bool latency_fixed_ = false;
  Loop& loop_;
  const Chain& chain_;
  CallPort* port_;
  const Headers* headers_;
  size_t entered_ = 0;  // layers entered so far
  size_t passed_ = 0;   // layers that the first pending message has passed
  TimePoint arrived_;
  TimePoint received_;
  TimePoint completed_ = kNever;
  TimePoint deadline_ = kNever;
  double latency_ms_ = 0;
  absl::Status refusal_;
  absl::Status outcome_;
  std::string_view ended_in_;
  Headers response_headers_;
  Headers response_trailers_;
  std::unique_ptr<CallHandler> handler_;
  Task stop_;
  std::stop_source abandoned_{std::nostopstate};  // made by the first chore
  Budget* budget_;
  BudgetHold kept_;
  absl::InlinedVector<std::shared_ptr<const BudgetHold>, 1> held_;
  absl::InlinedVector<MessagePtr, 1> pending_;
  absl::InlinedVector<std::pair<const Layer*, std::unique_ptr<LayerState>>, 2> states_;
};

template <typename T>
T* Call::FindState(const Layer& layer) {
  for (auto& [owner, state] : states_) {
    if (owner == &layer) return static_cast<T*>(state.get());
  }
  return nullptr;
}

template <typename T>
T& Call::State(const Layer& layer) {
  if (T* const known = FindState<T>(layer)) return *known;
  states_.emplace_back(&layer, std::make_unique<T>());
  return static_cast<T&>(*states_.back().second);
}

}  // namespace sluice
