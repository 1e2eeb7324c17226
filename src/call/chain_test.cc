// What a layer of the chain can do, on each of the four kinds of rpc.
#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/testing/fake_loop.h"
#include "call/call.h"
#include "call/testing/recording_port.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;

// Notes what passes, and does at each point what the test says.
struct Script {
  std::string notes;
  Step enter = Step::kNext, request = Step::kNext;
  std::function<void(Call&)> on_request;
};

std::string ModelOf(const Message& message) { return static_cast<const RecognizeRequest&>(message).model_id(); }

class ScriptedLayer final : public Layer {
 public:
  explicit ScriptedLayer(Script& script) : script_(script) {}
  std::string_view name() const override { return "scripted"; }
  Step Enter(Call&) override {
    script_.notes += "enter ";
    return script_.enter;
  }
  Step OnRequest(Call& call, const Message& message) override {
    script_.notes += "request:" + ModelOf(message) + " ";
    if (script_.on_request) script_.on_request(call);
    return script_.request;
  }
  void OnAnswer(Call&, const Message& message) override {
    const auto& answer = static_cast<const RecognizeResponse&>(message);
    script_.notes += "answer:" + std::to_string(answer.faces_size()) + " ";
  }
  void Leave(Call&) noexcept override { script_.notes += "leave"; }

 private:
  Script& script_;
};

// Answers each message with a face, and ends with the request.
class EchoHandler final : public CallHandler {
 public:
  EchoHandler(Call& call, std::string& notes) : call_(call), notes_(notes) { notes_ += "handler "; }
  void OnMessage(MessagePtr message) override {
    notes_ += "handle:" + ModelOf(*message) + " ";
    RecognizeResponse answer;
    answer.add_faces();
    if (call_.method().server_streaming) {
      call_.Send(answer);
    } else if (!call_.method().client_streaming) {
      call_.Reply(std::move(answer));
    }
  }
  void OnRequestEnd() override {
    if (call_.done()) return;
    if (!call_.method().server_streaming) return call_.Reply(RecognizeResponse());
    call_.Finish(absl::OkStatus());
  }

 private:
  Call& call_;
  std::string& notes_;
};

class ChainTest : public testing::TestWithParam<const char*> {
 protected:
  ChainTest() {
    // The four kinds, all with the same messages: a method's kind is what the table says.
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods_.Add(service->FindMethodByName("Recognize"),
                 [this](Call& call) { return std::make_unique<EchoHandler>(call, script_.notes); });
    method_ = *methods_.all().front();
    method_.client_streaming = kind() == "client stream" || kind() == "bidi";
    method_.server_streaming = kind() == "server stream" || kind() == "bidi";
    chain_.push_back(std::make_unique<ScriptedLayer>(script_));
  }
  std::string kind() const { return GetParam(); }

  std::shared_ptr<Call> Open() {
    auto call = Call::Create({.method = &method_, .headers = &headers_, .arrived = loop_.Now()}, loop_, chain_, port_);
    call->Begin();
    return call;
  }
  void Deliver(Call& call, std::string model) {
    auto request = std::make_unique<RecognizeRequest>();
    request->set_model_id(std::move(model));
    call.Deliver(std::move(request), 1);
  }
  // What the notes are when nothing interferes with messages "1" and, for streams of them, "2".
  std::string Undisturbed() const {
    if (kind() == "client stream") {
      return "enter handler request:1 handle:1 request:2 handle:2 answer:0 leave";
    }
    if (kind() == "bidi") return "enter handler request:1 handle:1 answer:1 request:2 handle:2 answer:1 leave";
    return "enter request:1 handler handle:1 answer:1 leave";
  }
  void SendAll(Call& call) {
    Deliver(call, "1");
    if (method_.client_streaming) Deliver(call, "2");
    call.RequestEnd();
  }

  FakeLoop loop_;
  Script script_;
  Chain chain_;
  MethodTable methods_;
  Method method_;
  Headers headers_;
  RecordingPort port_;
};

TEST_P(ChainTest, ALayerSeesEachMessageBothWays) {
  SendAll(*Open());
  EXPECT_EQ(script_.notes, Undisturbed());
  EXPECT_EQ(port_.ends, 1);
}

TEST_P(ChainTest, ParkedAtTheHeadNothingIsLost) {
  script_.enter = Step::kPark;
  const auto call = Open();
  SendAll(*call);
  EXPECT_EQ(script_.notes, "enter ");
  call->Resume();
  EXPECT_EQ(script_.notes, Undisturbed());
}

TEST_P(ChainTest, ParkedAtAMessageNothingIsLost) {
  script_.request = Step::kPark;
  const auto call = Open();
  SendAll(*call);
  EXPECT_EQ(port_.ends, 0);
  call->Resume();
  if (method_.client_streaming) {
    EXPECT_EQ(port_.ends, 0) << "the second message is parked, too";
    call->Resume();
  }
  EXPECT_EQ(script_.notes, Undisturbed());
}

TEST_P(ChainTest, ALayerMayAnswerInsteadOfTheHandler) {
  script_.request = Step::kStop;
  script_.on_request = [](Call& call) {
    RecognizeResponse ready;
    ready.add_faces();
    ready.add_faces();
    call.Reply(std::move(ready));
  };
  SendAll(*Open());
  EXPECT_EQ(script_.notes,
            std::string("enter ") + (method_.client_streaming ? "handler " : "") + "request:1 answer:2 leave");
  EXPECT_TRUE(port_.outcome.ok());
  EXPECT_EQ(port_.written.size(), 1u);
}

TEST_P(ChainTest, ALayerMayRefuseAMessage) {
  script_.request = Step::kStop;
  script_.on_request = [](Call& call) { call.Fail(Error(Reason::RATE_LIMITED, "slow down")); };
  SendAll(*Open());
  EXPECT_EQ(ReasonOf(port_.outcome), Reason::RATE_LIMITED);
  EXPECT_EQ(script_.notes.find("handle:"), std::string::npos);
}

TEST_P(ChainTest, ACallThatEndsWhileItIsParkedIsLeftOnceAndResumesNoMore) {
  script_.request = Step::kPark;
  const auto call = Open();
  SendAll(*call);
  call->Cancel();
  call->Resume();
  EXPECT_EQ(script_.notes, std::string("enter ") + (method_.client_streaming ? "handler " : "") + "request:1 leave");
}

TEST_P(ChainTest, TheHeadersStayUntilTheCallIsDone) {
  headers_.Add("x-tenant", "a");
  std::string seen;
  script_.on_request = [&seen](Call& call) { seen = std::string(call.headers().Get("x-tenant")); };
  const auto call = Open();
  SendAll(*call);
  EXPECT_EQ(seen, "a");
  EXPECT_EQ(call->headers().size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ChainTest, testing::Values("unary", "client stream", "server stream", "bidi"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, ' ');
                           return name;
                         });

}  // namespace
}  // namespace sluice
