// A client and its codec: opens a call of a Simulation, sends messages, keeps what is answered.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/strings.h"
#include "pipeline/testing/simulation.h"

namespace sluice {

class SimulatedCall final : public CallPort {
 public:
  // `method` is "ai.inference.ImageRecognition/Recognize". `timeout_s` as in X-Request-Timeout; "": none.
  SimulatedCall(Simulation& simulation, std::string_view method, std::string_view timeout_s = {})
      : loop_(simulation.loop) {
    if (!timeout_s.empty()) headers_.Add("x-request-timeout", timeout_s);
    const Method* const found = simulation.methods.Find(StrCat("/", method));
    SLUICE_CHECK(found != nullptr, method);
    call_ = Call::Create({.method = found,
                          .headers = &headers_,
                          .client_ip = "10.0.0.7",
                          .arrived = simulation.loop.Now(),
                          .budget = &simulation.budget},
                         simulation.loop, simulation.chain, *this);
    call_->Begin();
  }
  ~SimulatedCall() override { call_->Detach(); }

  // A message on the wire; of a unary request the end, too.
  void Send(const Message& message) {
    MessagePtr sent(message.New());
    sent->CopyFrom(message);
    if (call_->method().prepare) {
      if (absl::Status status = call_->method().prepare(*sent); !status.ok()) return call_->Fail(std::move(status));
    }
    --credit;
    call_->Deliver(std::move(sent), message.ByteSizeLong());
    if (!call_->method().client_streaming) End();
    loop_.Run();
  }
  void End() {
    call_->RequestEnd();
    loop_.Run();
  }
  void SetWritable(bool now) {
    can_write_ = now;
    if (now) call_->Writable();
  }

  Call& call() { return *call_; }
  // How it ended: "OK", the reason's name, or "" when it goes on.
  std::string outcome() const {
    if (!call_->done()) return {};
    return call_->outcome().ok() ? "OK" : std::string(InfoOf(ReasonOf(call_->outcome())).name);
  }
  template <typename T>
  const T& Answer(size_t i) const {
    return static_cast<const T&>(*answers.at(i));
  }

  std::vector<MessagePtr> answers;
  std::function<void()> on_answer = [] {};
  int credit = 1;  // messages that the handler asked for and did not get yet

 private:
  size_t Write(const Message& message) override {
    answers.emplace_back(message.New())->CopyFrom(message);
    on_answer();
    return message.ByteSizeLong();
  }
  void End(Call&, const absl::Status&) override {}
  void ReadMore() override { ++credit; }
  bool CanWrite() const override { return can_write_; }

  FakeLoop& loop_;
  Headers headers_;
  bool can_write_ = true;
  std::shared_ptr<Call> call_;
};

}  // namespace sluice
