// grpc.testing.TestService, for the official interoperability clients.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "call/call.h"
#include "call/unary.h"
#include "grpc/testing/test.pb.h"

namespace sluice::testing {

using namespace ::grpc::testing;  // NOLINT: this header is the service of that package

inline constexpr int kPayloadBytesMax = 64 << 20;

inline absl::Status StatusOf(const EchoStatus& echo) {
  // UNKNOWN, which no error of ours is, is what the clients ask for.
  if (echo.code() == 2) return Error(Reason::REASON_UNSPECIFIED, echo.message());
  return absl::Status(static_cast<absl::StatusCode>(echo.code()), echo.message());
}

inline void FillPayload(int size, Payload& payload) {
  payload.set_body(std::string(static_cast<size_t>(std::clamp(size, 0, kPayloadBytesMax)), '\0'));
}

// The clients' custom_metadata case; binary values travel as they came.
inline void EchoMetadata(Call& call) {
  const Headers& headers = call.headers();
  if (const auto value = headers.Find("x-grpc-test-echo-initial")) {
    call.response_headers().Add("x-grpc-test-echo-initial", *value);
  }
  if (const auto value = headers.Find("x-grpc-test-echo-trailing-bin")) {
    call.response_trailers().Add("x-grpc-test-echo-trailing-bin", *value);
  }
}

inline void UnaryCall(Call& call, const SimpleRequest& request) {
  EchoMetadata(call);
  if (request.response_status().code() != 0) return call.Fail(StatusOf(request.response_status()));
  SimpleResponse response;
  FillPayload(request.response_size(), *response.mutable_payload());
  if (request.fill_server_id()) response.set_server_id(std::to_string(getpid()));
  call.Reply(response);
}

class StreamingInput final : public CallHandler {
 public:
  explicit StreamingInput(Call& call) : call_(call) {}
  void OnMessage(MessagePtr message) override {
    const auto& request = static_cast<const StreamingInputCallRequest&>(*message);
    sum_ += static_cast<int>(request.payload().body().size());
    call_.ReadMore();
  }
  void OnRequestEnd() override {
    StreamingInputCallResponse response;
    response.set_aggregated_payload_size(sum_);
    call_.Reply(response);
  }

 private:
  Call& call_;
  int sum_ = 0;
};

// StreamingOutputCall, FullDuplexCall, HalfDuplexCall: a queue of responses, sent as fast as the peer reads and the
// requested pauses allow.
class StreamingOutput final : public CallHandler {
 public:
  // `half`: nothing is sent before the last request.
  StreamingOutput(Call& call, bool half) : call_(call), half_(half) { EchoMetadata(call); }
  void OnMessage(MessagePtr message) override {
    const auto& request = static_cast<const StreamingOutputCallRequest&>(*message);
    if (request.response_status().code() != 0) return call_.Fail(StatusOf(request.response_status()));
    queue_.insert(queue_.end(), request.response_parameters().begin(), request.response_parameters().end());
    if (!half_) Next();
    call_.ReadMore();
  }
  void OnRequestEnd() override {
    ended_ = true;
    Next();
  }
  void OnWritable() override { Next(); }

 private:
  void Next() {
    while (!queue_.empty() && !waiting_ && call_.CanWrite() && !call_.done()) {
      if (const int pause = std::exchange(pause_taken_, false) ? 0 : queue_.front().interval_us(); pause > 0) {
        return Wait(pause);
      }
      StreamingOutputCallResponse response;
      FillPayload(queue_.front().size(), *response.mutable_payload());
      queue_.pop_front();
      call_.Send(response);
    }
    if (ended_ && queue_.empty() && !waiting_) call_.Finish(absl::OkStatus());
  }
  void Wait(int us) {
    waiting_ = true;
    Loop& loop = call_.loop();
    loop.At(loop.Now() + std::chrono::microseconds(us), [this, weak = call_.weak_from_this()] {
      const auto call = weak.lock();  // the handler lives as long as its call
      if (call == nullptr) return;
      waiting_ = false;
      pause_taken_ = true;
      Next();
    });
  }

  Call& call_;
  const bool half_;
  bool ended_ = false;
  bool waiting_ = false;
  bool pause_taken_ = false;
  std::deque<ResponseParameters> queue_;
};

inline void RegisterTestService(MethodTable& methods) {
  const auto* service = Empty::descriptor()->file()->FindServiceByName("TestService");
  const auto add = [&](const char* name, auto start) {
    methods.Add(service->FindMethodByName(name), std::move(start));
  };
  add("EmptyCall", Unary<Empty>([](auto call, auto) { call->Reply(Empty()); }));
  add("UnaryCall", Unary<SimpleRequest>([](auto call, auto request) { UnaryCall(*call, *request); }));
  add("CacheableUnaryCall", Unary<SimpleRequest>([](auto call, auto request) { UnaryCall(*call, *request); }));
  add("StreamingInputCall", [](Call& call) { return std::make_unique<StreamingInput>(call); });
  add("StreamingOutputCall", [](Call& call) { return std::make_unique<StreamingOutput>(call, false); });
  add("FullDuplexCall", [](Call& call) { return std::make_unique<StreamingOutput>(call, false); });
  add("HalfDuplexCall", [](Call& call) { return std::make_unique<StreamingOutput>(call, true); });
}

}  // namespace sluice::testing
