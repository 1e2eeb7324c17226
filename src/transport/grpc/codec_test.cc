#include "transport/grpc/codec.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/testing/held_chores.h"
#include "call/call.h"
#include "call/unary.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "transport/grpc/metadata.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/gzip.h"
#include "transport/testing/codec_world.h"

namespace sluice::grpc {
namespace {

using Request = ::grpc::health::v1::HealthCheckRequest;
using Response = ::grpc::health::v1::HealthCheckResponse;
using StreamRequest = ::grpc::reflection::v1::ServerReflectionRequest;
using StreamResponse = ::grpc::reflection::v1::ServerReflectionResponse;
using http::CloseReason;

constexpr const char* kUnary = "/grpc.health.v1.Health/Check";
constexpr const char* kServerStream = "/grpc.health.v1.Health/Watch";
constexpr const char* kBidi = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

Request Ask(std::string service) {
  Request request;
  request.set_service(std::move(service));
  return request;
}

std::string Item(std::string host) {
  StreamRequest request;
  request.set_host(std::move(host));
  return Framed(request);
}

// Lives in the test; the call's handler passes everything to it.
struct Script {
  std::shared_ptr<Call> call;
  std::vector<std::string> messages;
  bool ended = false;
  int cancelled = 0, writable = 0, started = 0;
  std::function<void()> on_message, on_end;
};

class ScriptHandler final : public CallHandler {
 public:
  explicit ScriptHandler(Script& script) : script_(script) {}
  void OnMessage(MessagePtr message) override {
    if (const auto* request = dynamic_cast<const StreamRequest*>(message.get())) {
      script_.messages.push_back(request->host());
    } else {
      script_.messages.push_back(static_cast<const Request&>(*message).service());
    }
    if (script_.on_message) script_.on_message();
  }
  void OnRequestEnd() override {
    script_.ended = true;
    if (script_.on_end) script_.on_end();
  }
  void OnWritable() override { ++script_.writable; }
  void OnCancel() override { ++script_.cancelled; }

 private:
  Script& script_;
};

// Hard to compress.
std::string Noise(size_t size) {
  std::string out;
  for (uint32_t x = 1; out.size() < size; x = x * 1664525 + 1013904223)
    out.push_back(static_cast<char>('!' + (x >> 24) % 90));
  return out;
}

std::string Packed(const google::protobuf::Message& message) {
  std::string frame(kFrameHeaderBytes, '\0');
  transport::Deflate(message.SerializeAsString(), frame);
  PutFrameHeader(frame.data(), frame.size() - kFrameHeaderBytes, true);
  return frame;
}

class GrpcCodecTest : public testing::Test, protected transport::CodecWorld {
 protected:
  GrpcCodecTest() {
    const auto start = [this](Call& call) {
      script.call = call.shared_from_this();
      ++script.started;
      return std::make_unique<ScriptHandler>(script);
    };
    const auto* health = Request::descriptor()->file()->FindServiceByName("Health");
    methods.Add(health->FindMethodByName("Check"), start);
    methods.Add(health->FindMethodByName("Watch"), start);
    methods.Add(StreamRequest::descriptor()->file()->FindServiceByName("ServerReflection")->method(0), start);
  }
  ~GrpcCodecTest() override { script.call.reset(); }

  FakeExchange& Open(std::string path, std::initializer_list<Headers::Field> fields = {}) {
    handler.reset();
    exchange = std::make_unique<FakeExchange>(std::move(path), fields);
    handler = codec().Start(*exchange);
    return *exchange;
  }
  // Lives until the next one is made.
  GrpcCodec& codec() {
    codec_ = std::make_unique<GrpcCodec>(context({.message_bytes_max = 100'000, .grpc_gzip_bytes_min = gzip_min}));
    return *codec_;
  }
  void Send(std::string_view bytes) { handler->OnBody(bytes); }
  Response Serving() {
    Response response;
    response.set_status(Response::SERVING);
    return response;
  }

  size_t gzip_min = 0;
  Script script;
  std::unique_ptr<GrpcCodec> codec_;
  std::unique_ptr<FakeExchange> exchange;
  std::unique_ptr<http::ExchangeHandler> handler;
};

TEST_F(GrpcCodecTest, MatchesWhatIsGrpc) {
  const GrpcCodec& grpc = codec();
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "application/grpc;x=y", "application/grpc+json"}) {
    EXPECT_TRUE(grpc.Matches(FakeExchange(kUnary, {{"content-type", type}}).head())) << type;
  }
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto", "application/json", ""}) {
    EXPECT_FALSE(grpc.Matches(FakeExchange(kUnary, {{"content-type", type}}).head())) << type;
  }
  FakeExchange get(kUnary);
  get.head_.method = "GET";
  EXPECT_FALSE(grpc.Matches(get.head()));
}

TEST_F(GrpcCodecTest, UnaryCall) {
  FakeExchange& e = Open(kUnary);
  const std::string frame = Framed(Ask("hello"));
  for (const char c : frame) Send({&c, 1});
  EXPECT_EQ(script.started, 0) << "the request is not complete";
  handler->OnBodyEnd();
  EXPECT_EQ(script.messages, std::vector<std::string>{"hello"});
  EXPECT_EQ(e.consumed, frame.size());
  EXPECT_EQ(e.heads, 0);
  script.call->response_trailers().Add("x-more", "1");
  script.call->Reply(Serving());
  EXPECT_EQ(e.status, 200);
  EXPECT_EQ(e.headers.Get("content-type"), "application/grpc");
  ASSERT_EQ(e.Messages<Response>().size(), 1u);
  EXPECT_EQ(e.Messages<Response>()[0].status(), Response::SERVING);
  EXPECT_EQ(e.trailers.Get("grpc-status"), "0");
  EXPECT_EQ(e.trailers.Get("x-more"), "1");
  handler->OnClosed(CloseReason::kDone);
  EXPECT_EQ(script.cancelled, 0);
}

TEST_F(GrpcCodecTest, AnErrorIsTrailersOnlyAndDropsTheHeldAnswer) {
  FakeExchange& e = Open(kUnary);
  Send(Framed(Ask("x")));
  handler->OnBodyEnd();
  script.call->Send(Serving());
  script.call->Finish(FieldError(Reason::MODEL_NOT_FOUND, "model_id", "no model 'x'"));
  EXPECT_EQ(e.heads, 1);
  EXPECT_TRUE(e.ended);
  EXPECT_EQ(e.body, "");
  EXPECT_EQ(e.headers.Get("grpc-status"), "5");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(*DecodeBinary(e.headers.Get("grpc-status-details-bin"))));
  EXPECT_EQ(details.message(), "no model 'x'");
}

TEST_F(GrpcCodecTest, RequestsThatAreRefusedBeforeTheirBody) {
  struct Case {
    const char* path;
    Headers::Field field;
    const char* status;
  };
  const Case cases[] = {
      {"/no.such/Method", {"x", "y"}, "12"},
      {kUnary, {"content-type", "application/grpc+json"}, "12"},
      {kUnary, {"grpc-encoding", "snappy"}, "12"},
      {kBidi, {"grpc-encoding", "snappy"}, "12"},
  };
  for (const auto& c : cases) {
    FakeExchange& e = Open(c.path, {c.field});
    EXPECT_EQ(e.grpc_status(), c.status) << c.path << c.field.value;
    EXPECT_EQ(e.status, 200);
    Send("whatever");
    handler->OnBodyEnd();
    EXPECT_EQ(e.consumed, 8u);
    EXPECT_EQ(script.started, 0);
  }
  EXPECT_EQ(exchange->headers.Get("grpc-accept-encoding"), "identity,gzip");
}

TEST_F(GrpcCodecTest, WhatAListenerDoesNotExposeDoesNotExist) {
  exchange = std::make_unique<FakeExchange>(kUnary);
  exchange->head_.peer.exposed = http::kExposeMetrics;
  handler = codec().Start(*exchange);
  EXPECT_EQ(exchange->grpc_status(), "12");
}

TEST_F(GrpcCodecTest, RefuseSpeaksGrpc) {
  exchange = std::make_unique<FakeExchange>(kUnary);
  handler = codec().Refuse(*exchange, Error(Reason::SHUTTING_DOWN, "the server shuts down"));
  EXPECT_EQ(exchange->grpc_status(), "14");
  EXPECT_EQ(exchange->grpc_message(), "the server shuts down");
}

TEST_F(GrpcCodecTest, BrokenRequests) {
  struct Case {
    std::string body;
    const char* status;
  };
  std::string too_long(kFrameHeaderBytes, '\0');
  PutFrameHeader(too_long.data(), 100'001, false);
  std::string compressed = Framed(Ask("x"));
  compressed[0] = 1;
  const Case cases[] = {
      {"", "13"},                                   // no message
      {Framed(Ask("a")) + Framed(Ask("b")), "13"},  // two
      {Framed(Ask("abc")).substr(0, 7), "13"},      // half
      {std::string("\7\0\0\0\0", 5), "13"},         // no frame
      {too_long, "8"},
      {compressed, "13"},                           // without grpc-encoding
      {std::string("\0\0\0\0\2\xff\xff", 7), "3"},  // no protobuf
  };
  for (const auto& c : cases) {
    FakeExchange& e = Open(kUnary);
    if (!c.body.empty()) Send(c.body);
    handler->OnBodyEnd();
    EXPECT_EQ(e.grpc_status(), c.status) << e.grpc_message();
    EXPECT_TRUE(e.ended);
    EXPECT_EQ(e.consumed, c.body.size());
    handler->OnClosed(CloseReason::kDone);
  }
  EXPECT_EQ(script.started, 0);
}

TEST_F(GrpcCodecTest, GzipIsInflatedWithinTheBound) {
  for (const auto& [size, status] : {std::pair<size_t, std::string>{50'000, ""}, {200'000, "8"}}) {
    FakeExchange& e = Open(kUnary, {{"grpc-encoding", "gzip"}});
    Send(Packed(Ask(std::string(size, 'x'))));
    handler->OnBodyEnd();
    chores.Run();
    e.loop_.Run();
    EXPECT_EQ(e.grpc_status(), status);
  }
  EXPECT_EQ(script.messages.size(), 1u);
}

// Two bytes each, a hundred in memory.
TEST_F(GrpcCodecTest, AMessageOfManySmallPartsIsRefusedBeforeItIsMade) {
  std::string frame(kFrameHeaderBytes, '\0');
  for (int i = 0; i < 20'000; ++i) frame += std::string("\x7a\0", 2);  // unknown texts
  PutFrameHeader(frame.data(), frame.size() - kFrameHeaderBytes, false);
  FakeExchange& e = Open(kUnary);
  Send(frame);
  handler->OnBodyEnd();
  EXPECT_FALSE(e.ended) << "to look at it takes long, too";
  chores.Run();
  e.loop_.Run();
  EXPECT_EQ(e.grpc_status(), "8");
  EXPECT_NE(e.grpc_message().find("10000 parts"), std::string::npos) << e.grpc_message();
  EXPECT_EQ(script.started, 0);
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST_F(GrpcCodecTest, AStreamOnWhichNothingMovesEnds) {
  FakeExchange& e = Open(kBidi);
  e.loop_.Advance(std::chrono::minutes(9));
  Send(Item("a"));
  e.loop_.Advance(std::chrono::minutes(9));
  script.call->Send(StreamResponse());
  e.loop_.Advance(std::chrono::minutes(9));
  EXPECT_FALSE(e.ended);
  e.loop_.Advance(std::chrono::minutes(2));
  EXPECT_EQ(e.grpc_status(), "4");
  EXPECT_EQ(script.cancelled, 1);
}

TEST_F(GrpcCodecTest, WhatTakesLongToParseLeavesTheLoop) {
  FakeExchange& e = Open(kUnary, {{"grpc-encoding", "gzip"}});
  const std::string name = Noise(5'000);
  Send(Packed(Ask(name)));
  handler->OnBodyEnd();
  EXPECT_EQ(script.started, 0);
  EXPECT_GT(budget.bytes(), 3'000u);
  chores.Run();
  EXPECT_EQ(script.started, 0);  // the result is on its way to the loop
  e.loop_.Run();
  EXPECT_EQ(script.messages, std::vector<std::string>{name});
  EXPECT_TRUE(script.ended);
}

TEST_F(GrpcCodecTest, StreamMessagesKeepTheirOrderAroundALargeOne) {
  FakeExchange& e = Open(kBidi, {{"grpc-encoding", "gzip"}});
  for (int i = 0; i < 2; ++i) script.call->ReadMore();
  StreamRequest large;
  large.set_host(Noise(5'000));
  Send(Item("a") + Packed(large) + Item("c"));
  handler->OnBodyEnd();
  EXPECT_EQ(script.messages, std::vector<std::string>{"a"});
  chores.Run();
  e.loop_.Run();
  EXPECT_EQ(script.messages, (std::vector<std::string>{"a", large.host(), "c"}));
  EXPECT_TRUE(script.ended);
  EXPECT_EQ(e.consumed, (Item("a") + Packed(large) + Item("c")).size());
}

TEST_F(GrpcCodecTest, AParsedMessageFindsItsExchangeGone) {
  FakeExchange& e = Open(kUnary, {{"grpc-encoding", "gzip"}});
  Send(Packed(Ask(Noise(5'000))));
  handler->OnBodyEnd();
  handler->OnClosed(CloseReason::kReset);
  handler.reset();
  chores.Run();
  e.loop_.Run();
  EXPECT_EQ(script.started, 0);
  EXPECT_EQ(budget.bytes(), 0u);
}

// Found by a fuzzer: what had come behind the message was never given back to flow control.
TEST_F(GrpcCodecTest, AfterALargeMessageThatIsWrongTheRestIsGivenBack) {
  FakeExchange& e = Open(kUnary);  // names no encoding
  const std::string body = Packed(Ask(Noise(5'000))) + "behind";
  Send(body);
  EXPECT_LT(e.consumed, body.size());
  chores.Run();
  e.loop_.Run();
  EXPECT_EQ(e.grpc_status(), "13");
  EXPECT_EQ(e.consumed, body.size());
}

TEST_F(GrpcCodecTest, TooManyLargeMessagesAreRefused) {
  chores.full = true;
  FakeExchange& e = Open(kUnary, {{"grpc-encoding", "gzip"}});
  Send(Packed(Ask(Noise(5'000))));
  EXPECT_EQ(e.grpc_status(), "14");
}

TEST_F(GrpcCodecTest, ResponsesAreCompressedWhenAskedAndLarge) {
  gzip_min = 4;
  for (const bool large : {false, true}) {
    script.messages.clear();
    FakeExchange& e = Open(kBidi, {{"grpc-accept-encoding", "identity,deflate,gzip"}});
    StreamResponse response;
    response.set_valid_host(large ? std::string(10'000, 'y') : "");
    script.call->Send(response);
    EXPECT_EQ(e.headers.Get("grpc-encoding"), "gzip");
    EXPECT_EQ(e.body[0], large ? 1 : 0);
    EXPECT_LT(e.body.size(), 200u);
  }
}

TEST_F(GrpcCodecTest, ServerStreamSendsHeadMessagesTrailers) {
  FakeExchange& e = Open(kServerStream);
  Send(Framed(Ask("x")));
  handler->OnBodyEnd();
  script.call->Send(Serving());
  EXPECT_EQ(e.heads, 1);
  EXPECT_FALSE(e.ended);
  script.call->Send(Serving());
  script.call->Finish(Error(Reason::SHUTTING_DOWN, "bye"));
  EXPECT_EQ(e.Messages<Response>().size(), 2u);
  EXPECT_EQ(e.trailers.Get("grpc-status"), "14");
  EXPECT_EQ(e.heads, 1);
}

TEST_F(GrpcCodecTest, AStreamIsReadOneMessageForEachReadMore) {
  FakeExchange& e = Open(kBidi);
  EXPECT_EQ(script.started, 1) << "the handler starts with the head";
  const std::string a = Item("a"), b = Item("b"), c = Item("c");
  Send(a + b + c.substr(0, 3));
  EXPECT_EQ(script.messages, std::vector<std::string>{"a"});
  EXPECT_EQ(e.consumed, a.size());
  script.call->ReadMore();
  EXPECT_EQ(script.messages, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(e.consumed, a.size() + b.size());
  script.call->ReadMore();
  EXPECT_EQ(e.consumed, a.size() + b.size() + 3) << "a part makes progress when the message is wanted";
  Send(c.substr(3));
  handler->OnBodyEnd();
  EXPECT_EQ(script.messages, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(script.ended);
}

TEST_F(GrpcCodecTest, TheEndWaitsForTheBacklog) {
  Open(kBidi);
  Send(Item("a") + Item("b"));
  handler->OnBodyEnd();
  EXPECT_FALSE(script.ended);
  script.call->ReadMore();
  EXPECT_EQ(script.messages.size(), 2u);
  EXPECT_TRUE(script.ended);
}

TEST_F(GrpcCodecTest, AHandlerMayAskInsideOnMessage) {
  script.on_message = [this] { script.call->ReadMore(); };
  FakeExchange& e = Open(kBidi);
  std::string bytes;
  for (int i = 0; i < 5'000; ++i) bytes += Item("message " + std::to_string(i));
  Send(bytes);
  handler->OnBodyEnd();
  EXPECT_EQ(script.messages.size(), 5'000u);
  EXPECT_EQ(script.messages.back(), "message 4999");
  EXPECT_EQ(e.consumed, bytes.size());
  EXPECT_TRUE(script.ended);
}

TEST_F(GrpcCodecTest, ManySmallMessagesInTheBacklogStayCheap) {
  FakeExchange& e = Open(kBidi);
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += Item("m");
  Send(bytes);
  for (int i = 1; i < 100'000; ++i) script.call->ReadMore();
  EXPECT_EQ(script.messages.size(), 100'000u);
  EXPECT_EQ(e.consumed, bytes.size());
}

TEST_F(GrpcCodecTest, LargeMessagesAreChargedUntilTheCallIsGone) {
  Open(kUnary);
  const std::string frame = Framed(Ask(std::string(60'000, 'x')));
  Send(std::string_view(frame).substr(0, 40'000));
  EXPECT_GE(budget.bytes(), 39'000u);
  Send(std::string_view(frame).substr(40'000));
  handler->OnBodyEnd();
  EXPECT_GE(budget.bytes(), 60'000u);
  EXPECT_LE(budget.bytes(), 70'000u);
  script.call->Reply(Serving());
  handler->OnClosed(CloseReason::kDone);
  handler.reset();
  script.call.reset();
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST_F(GrpcCodecTest, LargeMessagesOfAStreamAreChargedUntilTheNextIsWanted) {
  Open(kBidi);
  Send(Item(std::string(50'000, 'x')));
  EXPECT_GE(budget.bytes(), 50'000u);
  script.call->ReadMore();
  EXPECT_EQ(budget.bytes(), 0u);
  Send(Item(std::string(50'000, 'x')));
  handler->OnClosed(CloseReason::kLost);
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST_F(GrpcCodecTest, ResetCancelsTheCall) {
  for (const auto reason : {CloseReason::kReset, CloseReason::kLost, CloseReason::kCut}) {
    script.cancelled = 0;
    FakeExchange& e = Open(kBidi);
    Send(Item("a"));
    handler->OnClosed(reason);
    EXPECT_EQ(script.cancelled, 1);
    EXPECT_TRUE(script.call->done());
    EXPECT_EQ(ReasonOf(script.call->outcome()), Reason::CANCELLED);
    EXPECT_EQ(e.heads, 0);
    handler.reset();
    script.call->Send(Serving());  // a worker that comes late
    script.call->ReadMore();
  }
}

TEST_F(GrpcCodecTest, BackPressureReachesTheHandler) {
  FakeExchange& e = Open(kBidi);
  EXPECT_TRUE(script.call->CanWrite());
  e.unsent = 1 << 20;
  EXPECT_FALSE(script.call->CanWrite());
  e.unsent = 0;
  handler->OnWritable();
  EXPECT_EQ(script.writable, 1);
}

TEST_F(GrpcCodecTest, SilenceIsAFaultOnlyInsideAMessage) {
  Open(kBidi);
  EXPECT_FALSE(handler->AwaitsBody());
  const std::string item = Item("abc");
  Send(item.substr(0, 6));
  EXPECT_TRUE(handler->AwaitsBody());
  Send(item.substr(6));
  EXPECT_FALSE(handler->AwaitsBody());
  Open(kUnary);
  EXPECT_TRUE(handler->AwaitsBody());
}

TEST_F(GrpcCodecTest, BytesAfterTheEndOfACallAreDropped) {
  FakeExchange& e = Open(kBidi);
  script.call->Finish(Error(Reason::RATE_LIMITED, "slow down"));
  Send(Item("late") + "garbage");
  handler->OnBodyEnd();
  EXPECT_TRUE(script.messages.empty());
  EXPECT_EQ(e.consumed, Item("late").size() + 7);
  EXPECT_EQ(e.heads, 1);
}

}  // namespace
}  // namespace sluice::grpc
