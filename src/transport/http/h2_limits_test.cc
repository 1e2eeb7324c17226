// HTTP/2: bounds, floods, slow peers, drain.
#include <gtest/gtest.h>

#include "transport/http/h2_session.h"
#include "transport/http/testing/h2_peer.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

TEST(H2LimitsTest, TooManyOrTooLongHeadersAre431) {
  Limits limits;
  limits.header_bytes_max = 2'000;
  limits.headers_max = 20;
  H2Wire wire(limits);
  EXPECT_EQ(wire.Call({.method = "GET", .headers = {{"x", std::string(3'000, 'y')}}}).Get(":status"), "431");
  std::vector<std::pair<std::string, std::string>> many(30, {"x", "y"});
  EXPECT_EQ(wire.Call({.method = "GET", .headers = many}).Get(":status"), "431");
  EXPECT_EQ(wire.Call({.headers = many, .body = "body"}).Get(":status"), "431");
  EXPECT_TRUE(wire.host.logs.empty());
  EXPECT_TRUE(wire.client.goaways.empty());
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
  // Far above the bound the connection goes.
  wire.Call({.method = "GET",
             .headers = std::vector<std::pair<std::string, std::string>>(8, {"x", std::string(1'500, 'y')})});
  ASSERT_EQ(wire.client.goaways.size(), 1u);
  EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST(H2LimitsTest, ADeclaredBodyAboveTheBoundIs413) {
  Limits limits;
  limits.body_bytes_max = 1'000;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  EXPECT_EQ(wire.Call({.headers = {{"content-length", "1001"}}, .end = false}).Get(":status"), "413");
  EXPECT_EQ(wire.Call({.headers = {{"content-length", "1000"}}, .end = false}).Get(":status"), "200");
}

TEST(H2LimitsTest, RapidResetIsCalmedDown) {
  H2Wire wire;
  for (int i = 0; i < 20'000 && wire.client.goaways.empty(); ++i) {
    const int32_t id = wire.client.Submit({.body = "x", .end = false});
    wire.Pump();
    wire.client.Reset(id);
    wire.Pump();
  }
  ASSERT_EQ(wire.client.goaways.size(), 1u);
  EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_LE(wire.host.logs.size(), 1'100u);
  EXPECT_TRUE(wire.session->Finished());
  for (const auto& log : wire.host.logs) EXPECT_EQ(log->closed, 1);
}

TEST(H2LimitsTest, CancellingEveryStreamAtOnceIsFine) {
  H2Wire wire;
  std::vector<int32_t> ids;
  for (int i = 0; i < 1'000; ++i) ids.push_back(wire.client.Submit({.body = "x"}));
  wire.Pump();
  EXPECT_EQ(wire.host.logs.size(), 1'000u);
  for (const int32_t id : ids) wire.client.Reset(id);
  wire.Pump();
  EXPECT_TRUE(wire.client.goaways.empty());
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
}

TEST(H2LimitsTest, ControlFloodsAreCalmedDown) {
  const std::vector<std::function<void(H2Wire&)>> floods = {
      [](H2Wire& wire) { nghttp2_submit_ping(wire.client.session, 0, nullptr); },
      [](H2Wire& wire) { nghttp2_submit_settings(wire.client.session, 0, nullptr, 0); },
      [](H2Wire& wire) {  // nghttp2's client sends no PRIORITY to a server that ignores them
        wire.session->Receive(
            std::string_view("\0\0\5\2\0\0\0\0\1"
                             "\0\0\0\0\20",
                             14));
      },
  };
  for (const auto& flood : floods) {
    H2Wire wire;
    wire.client.Submit({.body = "x", .end = false});
    wire.Pump();
    int sent = 0;
    for (; sent < 5'000 && wire.client.goaways.empty(); ++sent) {
      flood(wire);
      wire.Pump();
    }
    ASSERT_EQ(wire.client.goaways.size(), 1u);
    EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
    EXPECT_GT(sent, 100);
    EXPECT_LT(sent, 1'000);
    EXPECT_EQ(wire.host.logs[0]->closed, 1);
  }
}

TEST(H2LimitsTest, OnePingPerAnswerIsFree) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  for (int i = 0; i < 3'000; ++i) {
    wire.client.Submit({.method = "GET"});
    wire.Pump();
    nghttp2_submit_ping(wire.client.session, 0, nullptr);
    wire.Pump();
  }
  EXPECT_TRUE(wire.client.goaways.empty());
}

TEST(H2LimitsTest, EmptyDataFloodIsCalmedDown) {
  H2Wire wire;
  wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  const std::string empty_data("\0\0\0\0\0\0\0\0\1", 9);
  for (int i = 0; i < 1'000; ++i) wire.session->Receive(empty_data);
  wire.Pump();
  ASSERT_EQ(wire.client.goaways.size(), 1u);
  EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST(H2LimitsTest, ContinuationFloodEndsTheConnection) {
  H2Wire wire;
  wire.Pump();
  std::string flood("\0\0\1\1\0\0\0\0\1\x88", 10);
  for (int i = 0; i < 1'000; ++i) flood += std::string("\0\0\0\x9\0\0\0\0\1", 9);
  wire.session->Receive(flood);
  wire.Pump();
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
}

// In a tree of streams each frame costs a walk to the root: a thousand, one below another, held a loop for 20 ms.
TEST(H2LimitsTest, AnswersShareTheConnectionWhateverTheirClientSaysOfPriorities) {
  H2Wire wire(Limits{}, /*client_window=*/1 << 20);
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 200, std::string(40'000, 'x')); };
  const int32_t first = wire.client.Submit({.method = "GET"});
  const int32_t second = wire.client.Submit({.method = "GET", .parent = first});
  const int32_t third = wire.client.Submit({.method = "GET", .headers = {{"priority", "u=7"}}});
  wire.session->Receive(wire.client.Output());
  wire.client.Input(wire.TakeOutput(60'000));
  for (const int32_t id : {first, second, third}) EXPECT_GE(wire.client.responses[id].body.size(), 10'000u) << id;
}

TEST(H2LimitsTest, GarbageEndsTheConnection) {
  H2Wire wire;
  wire.session->Receive("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2LimitsTest, DrainFinishesWhatIsInFlight) {
  H2Wire wire;
  const int32_t first = wire.client.Submit({.body = "x"});
  wire.Pump();
  wire.session->Drain();
  EXPECT_FALSE(wire.session->Finished());
  wire.Pump();  // notice, ping, pong, final GOAWAY
  ASSERT_EQ(wire.client.goaways.size(), 2u);
  EXPECT_EQ(wire.client.goaways[0], (std::pair<int32_t, uint32_t>(INT32_MAX, NGHTTP2_NO_ERROR)));
  EXPECT_EQ(wire.client.goaways[1], (std::pair<int32_t, uint32_t>(first, NGHTTP2_NO_ERROR)));
  EXPECT_FALSE(wire.session->Finished());
  Respond(*wire.host.logs[0]);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[first].body, "ok");
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2LimitsTest, DrainTakesWhatCrossedTheNotice) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  wire.Pump();
  const int32_t crossing = wire.client.Submit({.method = "GET"});
  const std::string request = wire.client.Output();
  wire.session->Drain();
  wire.client.Input(wire.TakeOutput());
  wire.session->Receive(request);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[crossing].body, "ok");
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2LimitsTest, DrainDoesNotWaitForAPong) {
  H2Wire wire;
  wire.Pump();
  wire.session->Drain();
  wire.TakeOutput();
  wire.host.loop_.Advance(milliseconds(1'100));
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2LimitsTest, SilentConnectionIsPingedAndCut) {
  H2Wire wire;
  wire.client.Submit({.body = "x"});
  wire.Pump();
  wire.host.loop_.Advance(seconds(61));
  wire.Pump();
  EXPECT_EQ(wire.client.pings, 1);
  wire.host.loop_.Advance(seconds(30));
  EXPECT_EQ(wire.host.logs[0]->closed, 0) << "the pong came";
  wire.host.loop_.Advance(seconds(35));
  wire.TakeOutput();  // the ping is sent; no pong
  wire.host.loop_.Advance(seconds(21));
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kCut);
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2LimitsTest, SlowHeadIsCut) {
  H2Wire wire;
  wire.session->Receive(wire.client.Output().substr(0, 10));
  wire.host.loop_.Advance(seconds(11));
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());

  H2Wire late;
  late.Pump();
  late.session->Receive(std::string("\0\0\1\1\0\0\0\0\1\x88", 10));  // no END_HEADERS
  late.host.loop_.Advance(seconds(11));
  late.Pump();
  EXPECT_TRUE(late.session->Finished());
}

TEST(H2LimitsTest, SilentBodyIsCutUnlessSilenceIsFine) {
  H2Wire wire;
  wire.client.Submit({.body = "x", .end = false});
  wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  wire.host.logs[1]->awaits_body = false;
  for (int i = 0; i < 62; ++i) {
    wire.host.loop_.Advance(seconds(1));
    wire.Pump();
  }
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kCut);
  EXPECT_EQ(wire.host.logs[1]->closed, 0);
}

TEST(H2LimitsTest, WantsReadStopsWhileThePeerDoesNotRead) {
  Limits limits;
  limits.streams_max = 5'000;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  wire.Pump();
  wire.session->Drain();  // anything that stays unwritten
  iovec parts[16];
  EXPECT_GT(wire.session->Gather(parts), 0u);
  for (int i = 0; i < 2'100; ++i) wire.client.Submit({.method = "GET"});
  wire.session->Receive(wire.client.Output());
  EXPECT_FALSE(wire.session->WantsRead());
  wire.Pump();
  EXPECT_TRUE(wire.session->WantsRead());
  EXPECT_GE(wire.host.wants_read, 1);
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
}

TEST(H2LimitsTest, DataOnAStreamThatThePeerEndedIsAnsweredWithStreamClosed) {
  const std::string stream_closed("\0\0\4\3\0\0\0\0\1\0\0\0\5", 13);
  const std::string data("\0\0\1\0\0\0\0\0\1x", 10);
  const std::string reset("\0\0\4\3\0\0\0\0\1\0\0\0\x8", 13);
  H2Wire ended;
  ended.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  ended.Call({.method = "GET"});
  for (const char c : data) ended.session->Receive({&c, 1});
  EXPECT_NE(ended.TakeOutput().find(stream_closed), std::string::npos);

  H2Wire wire;
  wire.Call({.body = "x", .end = false});
  wire.session->Receive(reset + data);
  EXPECT_NE(wire.TakeOutput().find(stream_closed), std::string::npos);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kReset);
  EXPECT_FALSE(wire.session->Finished());

  H2Wire at_once;
  at_once.Pump();
  at_once.client.Submit({.body = "x", .end = false});
  at_once.session->Receive(at_once.client.Output() + reset + data);
  EXPECT_NE(at_once.TakeOutput().find(stream_closed), std::string::npos);
}

TEST(H2LimitsTest, ARequestAndItsResetInOneReadAreFine) {
  H2Wire wire;
  wire.Pump();
  const int32_t id = wire.client.Submit({.body = "x"});
  std::string bytes = wire.client.Output();
  wire.client.Reset(id);
  bytes += wire.client.Output();
  wire.session->Receive(bytes);
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  EXPECT_EQ(wire.Call({.method = "GET"}).body, "ok");
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kReset);
}

TEST(H2LimitsTest, DataThatCrossedOurResetIsNoFault) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 404); };
  wire.Call({.body = "begin", .end = false});
  wire.session->Receive(std::string("\0\0\1\0\0\0\0\0\1x", 10));
  EXPECT_EQ(wire.TakeOutput(), "");
}

TEST(H2LimitsTest, HeadersOnAStreamThatThePeerEndedEndTheConnection) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  const int32_t id = wire.client.Submit({.method = "GET"});
  wire.Pump();
  wire.session->Receive(std::string("\0\0\1\1\5\0\0\0", 8) + static_cast<char>(id) + "\x82");
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2LimitsTest, ShortMemoryRefusesBigBodiesNotSmallOnes) {
  Limits limits;
  limits.inflight_bytes_max = 100'000;
  H2Wire wire(limits);
  wire.budget.Charge(100'000);
  EchoAtEnd(wire.host);
  EXPECT_EQ(wire.Call({.body = std::string(1'000, 'x')}).body.size(), 1'000u);
  const auto& refused = wire.Call({.body = std::string(50'000, 'x')});
  EXPECT_EQ(refused.error, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_EQ(wire.host.logs[1]->reason, CloseReason::kNoMemory);
  wire.budget.Release(100'000);
  EXPECT_EQ(wire.Call({.body = std::string(50'000, 'x')}).body.size(), 50'000u);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2LimitsTest, AHandlerMayAnswerWhenItsBodyIsRefused) {
  Limits limits;
  limits.inflight_bytes_max = 100'000;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { log.on_no_memory = [](ExchangeLog& l) { Respond(l, 503, "busy"); }; };
  wire.budget.Charge(90'000);
  const auto& answer = wire.Call({.body = std::string(50'000, 'x')});
  EXPECT_EQ(answer.Get(":status"), "503");
  EXPECT_EQ(answer.body, "busy");
  EXPECT_EQ(answer.error, static_cast<uint32_t>(NGHTTP2_NO_ERROR));
}

TEST(H2LimitsTest, StreamsAboveTheBoundAreRefused) {
  Limits limits;
  limits.streams_max = 4;
  H2Wire wire(limits);
  // Before the client knows the bound.
  for (int i = 0; i < 10; ++i) wire.client.Submit({.body = "x"});
  wire.Pump();
  EXPECT_LE(wire.session->open_exchanges(), 4u);
}

}  // namespace
}  // namespace sluice::http
