// Streams over REST by hand: the exchange, the loop and the workers are the test's.
#include <gtest/gtest.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/held_chores.h"
#include "call/call.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/rest/codec.h"
#include "transport/testing/codec_world.h"

namespace sluice::rest {
namespace {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;
using std::chrono::seconds;

// Lives in the test; the call's handler passes everything to it.
struct Script {
  std::shared_ptr<Call> call;
  std::vector<std::string> models;  // model_id of each message
  bool ended = false;
};

class ScriptHandler final : public CallHandler {
 public:
  explicit ScriptHandler(Script& script) : script_(script) {}
  void OnMessage(MessagePtr message) override {
    const auto* frame = dynamic_cast<const RecognizeRequest*>(message.get());
    script_.models.push_back(frame != nullptr ? frame->model_id() : "batch");
  }
  void OnRequestEnd() override { script_.ended = true; }

 private:
  Script& script_;
};

class StreamExchangeTest : public testing::Test {
 protected:
  StreamExchangeTest() {
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    for (const char* name : {"CollectRecognize", "WatchRecognize"}) {
      world_.methods.Add(service->FindMethodByName(name), [this](Call& call) {
        script_.call = call.shared_from_this();
        return std::make_unique<ScriptHandler>(script_);
      });
    }
    codec_ = std::make_unique<RestCodec>(
        world_.context({.message_bytes_max = 300'000, .response_buffer_bytes = 1000, .heartbeat = seconds(15)}));
  }
  ~StreamExchangeTest() override {
    handler_.reset();
    script_.call.reset();
    world_.chores.Run();
    exchange_->loop_.Run();
    EXPECT_EQ(world_.budget.bytes(), 0u);
    EXPECT_EQ(exchange_->loop_.timers(), 0u);
  }

  grpc::FakeExchange& Open(std::string path, std::string_view type, std::string_view accept = "") {
    exchange_ = std::make_unique<grpc::FakeExchange>(
        std::move(path), std::initializer_list<Headers::Field>{{"content-type", type}, {"accept", accept}});
    handler_ = codec_->Start(*exchange_);
    return *exchange_;
  }
  grpc::FakeExchange& Collect() { return Open("/api/v1/recognize:collect", "application/x-ndjson"); }
  grpc::FakeExchange& Watch(std::string_view accept) {
    Open("/api/v1/recognize:watch", "application/json", accept);
    handler_->OnBody("{}");
    handler_->OnBodyEnd();
    return *exchange_;
  }
  static std::string Line(std::string_view model) { return StrCat("{\"model_id\":\"", model, "\"}\n"); }
  static RecognizeResponse Result(uint32_t sequence) {
    RecognizeResponse response;
    response.set_sequence(sequence);
    return response;
  }

  transport::CodecWorld world_;
  Script script_;
  std::unique_ptr<RestCodec> codec_;
  std::unique_ptr<grpc::FakeExchange> exchange_;
  std::unique_ptr<http::ExchangeHandler> handler_;
};

TEST_F(StreamExchangeTest, LinesWaitUntilTheHandlerTakesThem) {
  auto& exchange = Collect();
  const std::string lines = Line("a") + Line("b") + Line("c") + "{\"model_id\":\"d\"}";
  handler_->OnBody(lines);
  EXPECT_EQ(script_.models, std::vector<std::string>{"a"});
  EXPECT_EQ(exchange.consumed, Line("a").size());
  handler_->OnBodyEnd();
  EXPECT_FALSE(script_.ended);
  script_.call->ReadMore();
  script_.call->ReadMore();
  EXPECT_EQ(script_.models, (std::vector<std::string>{"a", "b", "c"}));
  script_.call->ReadMore();
  EXPECT_EQ(script_.models.back(), "d");
  EXPECT_TRUE(script_.ended);
  EXPECT_EQ(exchange.consumed, lines.size());
}

TEST_F(StreamExchangeTest, LargeLinesAreDecodedOnAWorkerInOrder) {
  auto& exchange = Collect();
  const std::string large = StrCat("{\"model_id\":\"", std::string(100'000, 'x'), "\"}\n");
  for (int i = 0; i < 3; ++i) script_.call->ReadMore();
  handler_->OnBody(StrCat(Line("a"), large, Line("c")));
  EXPECT_EQ(script_.models.size(), 1u) << "the second is with the worker, the third after it";
  EXPECT_GE(world_.budget.bytes(), 100'000u);
  handler_->OnBodyEnd();
  world_.chores.Run();
  exchange.loop_.Run();
  ASSERT_EQ(script_.models.size(), 3u);
  EXPECT_EQ(script_.models[1].size(), 100'000u);
  EXPECT_TRUE(script_.ended);
}

TEST_F(StreamExchangeTest, AWorkersResultForACallThatIsOverIsDropped) {
  Collect();
  handler_->OnBody(StrCat("{\"model_id\":\"", std::string(100'000, 'x'), "\"}\n"));
  handler_->OnClosed(http::CloseReason::kReset);
  handler_.reset();
  world_.chores.Run();
  exchange_->loop_.Run();
  EXPECT_TRUE(script_.models.empty());
}

TEST_F(StreamExchangeTest, ABadLineEndsTheCallWithAProblem) {
  auto& exchange = Collect();
  handler_->OnBody("{\"picture\":1}\n");
  EXPECT_EQ(exchange.status, 400);
  EXPECT_NE(exchange.body.find("INVALID_BODY"), std::string::npos);
  EXPECT_TRUE(exchange.ended);
}

TEST_F(StreamExchangeTest, SilenceIsAFaultOnlyInsideALine) {
  Collect();
  EXPECT_FALSE(handler_->AwaitsBody());
  handler_->OnBody("{\"model_id\"");
  EXPECT_TRUE(handler_->AwaitsBody());
  handler_->OnBody(":\"a\"}\n{");
  EXPECT_FALSE(handler_->AwaitsBody()) << "it is the handler that is slow";
}

TEST_F(StreamExchangeTest, TheHeadWaitsForTheFirstResult) {
  auto& exchange = Watch("");
  EXPECT_EQ(exchange.heads, 0);
  script_.call->Send(Result(1));
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.headers.Get("content-type"), "application/x-ndjson");
  EXPECT_TRUE(exchange.body.ends_with("\n")) << exchange.body;
  EXPECT_TRUE(script_.call->CanWrite());
  exchange.unsent = 1000;
  EXPECT_FALSE(script_.call->CanWrite());
  script_.call->Finish(Error(Reason::MODEL_FAILED, "it broke"));
  EXPECT_NE(exchange.body.find("\n{\"type\":\"urn:sluice:error:MODEL_FAILED\""), std::string::npos) << exchange.body;
  EXPECT_TRUE(exchange.ended);
}

TEST_F(StreamExchangeTest, AnEarlyErrorIsAProblem) {
  auto& exchange = Watch("text/event-stream");
  script_.call->Finish(Error(Reason::OVERLOADED, "later"));
  EXPECT_EQ(exchange.status, 503);
  EXPECT_EQ(exchange.headers.Get("content-type"), "application/problem+json");
}

TEST_F(StreamExchangeTest, EventsHaveHeartbeatsWhileNothingElseComes) {
  auto& exchange = Watch("text/event-stream");
  exchange.loop_.Advance(seconds(14));
  EXPECT_EQ(exchange.heads, 0);
  exchange.loop_.Advance(seconds(1));
  EXPECT_EQ(exchange.headers.Get("content-type"), "text/event-stream");
  EXPECT_EQ(exchange.body, ":\n\n");
  exchange.loop_.Advance(seconds(10));
  script_.call->Send(Result(0));
  exchange.body.clear();
  exchange.loop_.Advance(seconds(14));
  EXPECT_EQ(exchange.body, "") << "fifteen seconds after the result, not after the last heartbeat";
  exchange.loop_.Advance(seconds(1));
  EXPECT_EQ(exchange.body, ":\n\n");
  script_.call->Finish(absl::OkStatus());
  EXPECT_EQ(exchange.body, ":\n\nevent: end\ndata: {}\n\n");
  exchange.loop_.Advance(seconds(60));
  EXPECT_TRUE(exchange.body.ends_with("data: {}\n\n"));
}

TEST_F(StreamExchangeTest, LinesHaveNoHeartbeats) {
  auto& exchange = Watch("application/x-ndjson");
  exchange.loop_.Advance(seconds(100));
  EXPECT_EQ(exchange.heads, 0);
}

}  // namespace
}  // namespace sluice::rest
