#include "transport/http/h2_session.h"

#include <gtest/gtest.h>

#include "transport/http/testing/h2_peer.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

void Answer(ExchangeLog& log, int status = 200, std::string body = "ok") {
  Headers headers;
  headers.Add("content-type", "text/plain");
  log.exchange->SendHead(status, headers, false);
  log.exchange->SendBody(std::move(body), true);
}

void EchoAtEnd(TestHost& host) {
  host.on_exchange = [](ExchangeLog& log) { log.on_end = [](ExchangeLog& l) { Answer(l, 200, l.body); }; };
}

TEST(H2SessionTest, AnswersARequestWithoutBody) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log); };
  const auto& response = wire.Call({.method = "GET", .path = "/a/b?c=d&e", .headers = {{"x-one", "1"}}});
  EXPECT_EQ(response.Get(":status"), "200");
  EXPECT_EQ(response.Get("content-type"), "text/plain");
  EXPECT_EQ(response.Get("server"), "sluice");
  EXPECT_EQ(response.Get("date"), "Tue, 14 Nov 2023 23:13:20 GMT");
  EXPECT_EQ(response.body, "ok");
  EXPECT_TRUE(response.ended);
  ASSERT_EQ(wire.host.logs.size(), 1u);
  const ExchangeLog& log = *wire.host.logs[0];
  EXPECT_EQ(log.head.method, "GET");
  EXPECT_EQ(log.head.path, "/a/b");
  EXPECT_EQ(log.head.query, "c=d&e");
  EXPECT_EQ(log.head.authority, "test");
  EXPECT_EQ(log.head.headers.Get("x-one"), "1");
  EXPECT_EQ(log.head.headers.size(), 1u);
  EXPECT_FALSE(log.head.expects_body);
  EXPECT_EQ(log.closed, 1);
  EXPECT_EQ(log.reason, CloseReason::kDone);
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
}

TEST(H2SessionTest, WorksByteByByte) {
  H2Wire wire;
  EchoAtEnd(wire.host);
  const int32_t id = wire.client.Submit({.body = std::string(3'000, 'x'), .trailers = {{"t", "v"}}});
  wire.Pump(1);
  EXPECT_EQ(wire.client.responses[id].body, std::string(3'000, 'x'));
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
}

TEST(H2SessionTest, BigBodiesPassSmallWindowsBothWays) {
  Limits limits;
  limits.h2_stream_window = 70'000;
  limits.h2_connection_window = 100'000;
  H2Wire wire(limits, 65'535);
  EchoAtEnd(wire.host);
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i);
  const auto& response = wire.Call({.body = body});
  EXPECT_EQ(response.body, body);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2SessionTest, ManyConcurrentExchangesKeepTheirBytes) {
  H2Wire wire;
  EchoAtEnd(wire.host);
  std::map<int32_t, std::string> sent;
  for (int i = 0; i < 200; ++i) {
    std::string body(static_cast<size_t>(i) * 97, static_cast<char>('a' + i % 26));
    const int32_t id = wire.client.Submit({.body = body, .end = true});
    sent[id] = body;
  }
  wire.Pump();
  for (const auto& [id, body] : sent) EXPECT_EQ(wire.client.responses[id].body, body) << id;
  for (const auto& log : wire.host.logs) EXPECT_EQ(log->closed, 1);
}

TEST(H2SessionTest, UnconsumedBodyStopsThePeer) {
  Limits limits;
  limits.h2_stream_window = 65'535;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { log.consume = false; };
  wire.client.Submit({.body = std::string(1'000'000, 'x')});
  wire.Pump();
  ExchangeLog& log = *wire.host.logs[0];
  EXPECT_EQ(log.body.size(), 65'535u);
  EXPECT_EQ(wire.budget.bytes(), 65'535u);
  log.exchange->ConsumeBody(65'535);
  EXPECT_EQ(wire.host.wants_write, 1);
  wire.Pump();
  EXPECT_EQ(log.body.size(), 2 * 65'535u);
  wire.session->Lost();
  EXPECT_EQ(log.reason, CloseReason::kLost);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2SessionTest, AClosedStreamGivesItsConnectionWindowBack) {
  Limits limits;
  limits.h2_stream_window = limits.h2_connection_window = 65'535;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { log.consume = false; };
  for (int i = 0; i < 5; ++i) {
    const int32_t id = wire.client.Submit({.body = std::string(60'000, 'x'), .end = false});
    wire.Pump();
    EXPECT_EQ(wire.host.logs.back()->body.size(), 60'000u) << i;
    wire.client.Reset(id);
    wire.Pump();
    EXPECT_EQ(wire.host.logs.back()->reason, CloseReason::kReset);
  }
}

TEST(H2SessionTest, SlowReaderFillsTheBufferAndOnWritableFollows) {
  Limits limits;
  limits.response_buffer_bytes = 100'000;
  H2Wire wire(limits, 65'535, /*auto_window=*/false);
  int sent = 0;
  wire.host.on_exchange = [&](ExchangeLog& log) {
    const auto fill = [&sent, bound = limits.response_buffer_bytes](ExchangeLog& l) {
      while (l.exchange->UnsentBytes() < bound && sent < 100) {
        l.exchange->SendBody(std::string(10'000, static_cast<char>('a' + sent % 26)), ++sent == 100);
      }
    };
    log.on_writable = fill;
    log.exchange->SendHead(200, {}, false);
    fill(log);
  };
  const int32_t id = wire.client.Submit({.method = "GET"});
  wire.Pump();
  auto& response = wire.client.responses[id];
  EXPECT_EQ(response.body.size(), 65'535u);
  EXPECT_LE(sent, 17);
  while (!response.ended) {
    const size_t before = response.body.size();
    nghttp2_session_consume(wire.client.session, id, 30'000);
    wire.Pump();
    if (response.body.size() == before) nghttp2_session_consume(wire.client.session, id, 30'000);
    ASSERT_LE(wire.host.logs[0]->exchange == nullptr ? 0 : wire.host.logs[0]->exchange->UnsentBytes(), 110'000u);
  }
  EXPECT_EQ(response.body.size(), 1'000'000u);
  EXPECT_GT(wire.host.logs[0]->writable, 5);
}

TEST(H2SessionTest, LargePayloadIsNotCopied) {
  H2Wire wire({}, 1 << 20);
  const std::string big(200'000, 'x');
  std::string body = big;
  const char* const address = body.data();
  wire.host.on_exchange = [&](ExchangeLog& log) { Answer(log, 200, std::move(body)); };
  wire.client.Submit({.method = "GET"});
  wire.session->Receive(wire.client.Output());
  iovec parts[64];
  const size_t count = wire.session->Gather(parts);
  size_t by_reference = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto* at = static_cast<const char*>(parts[i].iov_base);
    if (at >= address && at < address + big.size()) by_reference += parts[i].iov_len;
  }
  EXPECT_GT(by_reference, 60'000u);
  wire.Pump();
}

TEST(H2SessionTest, PartialWritesKeepTheOrder) {
  H2Wire wire({}, 1 << 20);
  std::string body;
  for (int i = 0; body.size() < 100'000; ++i) body += std::to_string(i);
  wire.host.on_exchange = [&](ExchangeLog& log) { Answer(log, 200, body); };
  const int32_t id = wire.client.Submit({.method = "GET"});
  wire.session->Receive(wire.client.Output());
  for (std::string out; !(out = wire.TakeOutput(777)).empty();) {
    wire.client.Input(out);
    wire.session->Receive(wire.client.Output());
  }
  EXPECT_EQ(wire.client.responses[id].body, body);
}

TEST(H2SessionTest, TrailersEndAResponse) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) {
    log.on_end = [](ExchangeLog& l) {
      Headers trailers;
      trailers.Add("grpc-status", "0");
      l.exchange->SendHead(200, {}, false);
      l.exchange->SendBody("abc", false);
      l.exchange->SendTrailers(trailers);
    };
  };
  const auto& response = wire.Call({.body = "x"});
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(response.Get("grpc-status"), "0");
  EXPECT_EQ(response.header_blocks, 2);
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(response.error, 0u);
}

TEST(H2SessionTest, HeadHasNoBody) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 200, "never seen"); };
  const auto& response = wire.Call({.method = "HEAD"});
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2SessionTest, AnAnswerBeforeTheRequestsEndStopsTheRequest) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 404); };
  const auto& response = wire.Call({.body = "begin", .end = false});
  EXPECT_EQ(response.Get(":status"), "404");
  EXPECT_TRUE(response.ended);
  EXPECT_TRUE(response.closed);
  EXPECT_EQ(response.error, static_cast<uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2SessionTest, ExpectContinueIsAnsweredUnlessTheHeadIsFinal) {
  H2Wire wire;
  EchoAtEnd(wire.host);
  const int32_t id = wire.client.Submit({.headers = {{"expect", "100-continue"}}, .end = false});
  wire.Pump();
  EXPECT_EQ(wire.client.responses[id].Get(":status"), "100");
  wire.client.Continue(id, "body", true);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[id].Get(":status"), "200");
  EXPECT_EQ(wire.client.responses[id].body, "body");

  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 413); };
  const int32_t refused = wire.client.Submit({.headers = {{"expect", "100-continue"}}, .end = false});
  wire.Pump();
  EXPECT_EQ(wire.client.responses[refused].headers[0].second, "413");
}

TEST(H2SessionTest, PeerResetsAtEveryStage) {
  for (int stage = 0; stage < 4; ++stage) {
    H2Wire wire({}, 65'535, false);
    wire.host.on_exchange = [stage](ExchangeLog& log) {
      if (stage >= 2) log.exchange->SendHead(200, {}, false);
      if (stage >= 3) log.exchange->SendBody(std::string(500'000, 'x'), true);
    };
    const int32_t id = wire.client.Submit({.body = "x", .end = stage >= 1});
    wire.Pump();
    wire.client.Reset(id);
    wire.Pump();
    EXPECT_EQ(wire.host.logs[0]->closed, 1) << stage;
    EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kReset) << stage;
    EXPECT_EQ(wire.session->open_exchanges(), 0u);
  }
}

TEST(H2SessionTest, OurResetClosesInALaterTurn) {
  H2Wire wire;
  int closed_inside = -1;
  wire.host.on_exchange = [&](ExchangeLog& log) {
    log.on_body = [&](ExchangeLog& l) {
      l.exchange->Reset();
      closed_inside = l.closed;
      l.exchange->SendHead(200, {}, true);  // too late, ignored
    };
  };
  const auto& response = wire.Call({.body = "x", .end = false});
  EXPECT_EQ(closed_inside, 0);
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kCut);
  EXPECT_EQ(response.error, static_cast<uint32_t>(NGHTTP2_CANCEL));
}

TEST(H2SessionTest, ResetWhileAPayloadIsHalfWritten) {
  H2Wire wire({}, 1 << 24);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 200, std::string(5'000'000, 'x')); };
  const int32_t id = wire.client.Submit({.method = "GET"});
  wire.session->Receive(wire.client.Output());
  wire.client.Input(wire.TakeOutput(30'000));
  wire.client.Reset(id);
  wire.session->Receive(wire.client.Output());
  EXPECT_EQ(wire.host.logs[0]->closed, 1);
  wire.Pump();
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kReset);
}

TEST(H2SessionTest, LostClosesEverything) {
  H2Wire wire;
  for (int i = 0; i < 10; ++i) wire.client.Submit({.body = "x", .end = i % 2 == 0});
  wire.Pump();
  EXPECT_EQ(wire.session->open_exchanges(), 10u);
  wire.session->Lost();
  for (const auto& log : wire.host.logs) {
    EXPECT_EQ(log->closed, 1);
    EXPECT_EQ(log->reason, CloseReason::kLost);
  }
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.host.loop_.timers(), 0u);
}

TEST(H2SessionTest, DestructionClosesEverything) {
  H2Wire wire;
  wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  wire.session.reset();
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kLost);
  wire.host.loop_.Run();
}

TEST(H2SessionTest, TooManyOrTooLongHeadersAre431) {
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

TEST(H2SessionTest, ADeclaredBodyAboveTheBoundIs413) {
  Limits limits;
  limits.body_bytes_max = 1'000;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log); };
  EXPECT_EQ(wire.Call({.headers = {{"content-length", "1001"}}, .end = false}).Get(":status"), "413");
  EXPECT_EQ(wire.Call({.headers = {{"content-length", "1000"}}, .end = false}).Get(":status"), "200");
}

TEST(H2SessionTest, RapidResetIsCalmedDown) {
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

TEST(H2SessionTest, CancellingEveryStreamAtOnceIsFine) {
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

TEST(H2SessionTest, ControlFloodsAreCalmedDown) {
  const std::vector<std::function<void(H2TestClient&)>> floods = {
      [](H2TestClient& c) { nghttp2_submit_ping(c.session, 0, nullptr); },
      [](H2TestClient& c) { nghttp2_submit_settings(c.session, 0, nullptr, 0); },
      [](H2TestClient& c) {
        nghttp2_priority_spec spec;
        nghttp2_priority_spec_init(&spec, 0, 16, 0);
        nghttp2_submit_priority(c.session, 0, 1, &spec);
      },
  };
  for (const auto& flood : floods) {
    H2Wire wire;
    wire.client.Submit({.body = "x", .end = false});
    wire.Pump();
    int sent = 0;
    for (; sent < 5'000 && wire.client.goaways.empty(); ++sent) {
      flood(wire.client);
      wire.Pump();
    }
    ASSERT_EQ(wire.client.goaways.size(), 1u);
    EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
    EXPECT_GT(sent, 100);
    EXPECT_LT(sent, 1'000);
    EXPECT_EQ(wire.host.logs[0]->closed, 1);
  }
}

TEST(H2SessionTest, OnePingPerAnswerIsFree) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log); };
  for (int i = 0; i < 3'000; ++i) {
    wire.client.Submit({.method = "GET"});
    wire.Pump();
    nghttp2_submit_ping(wire.client.session, 0, nullptr);
    wire.Pump();
  }
  EXPECT_TRUE(wire.client.goaways.empty());
}

TEST(H2SessionTest, EmptyDataFloodIsCalmedDown) {
  H2Wire wire;
  wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  const std::string empty_data("\0\0\0\0\0\0\0\0\1", 9);
  for (int i = 0; i < 1'000; ++i) wire.session->Receive(empty_data);
  wire.Pump();
  ASSERT_EQ(wire.client.goaways.size(), 1u);
  EXPECT_EQ(wire.client.goaways[0].second, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
}

TEST(H2SessionTest, ContinuationFloodEndsTheConnection) {
  H2Wire wire;
  wire.Pump();
  std::string flood("\0\0\1\1\0\0\0\0\1\x88", 10);
  for (int i = 0; i < 1'000; ++i) flood += std::string("\0\0\0\x9\0\0\0\0\1", 9);
  wire.session->Receive(flood);
  wire.Pump();
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
}

TEST(H2SessionTest, GarbageEndsTheConnection) {
  H2Wire wire;
  wire.session->Receive("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2SessionTest, DrainFinishesWhatIsInFlight) {
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
  Answer(*wire.host.logs[0]);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[first].body, "ok");
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2SessionTest, DrainTakesWhatCrossedTheNotice) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log); };
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

TEST(H2SessionTest, DrainDoesNotWaitForAPong) {
  H2Wire wire;
  wire.Pump();
  wire.session->Drain();
  wire.TakeOutput();
  wire.host.loop_.Advance(milliseconds(1'100));
  wire.TakeOutput();
  EXPECT_TRUE(wire.session->Finished());
}

TEST(H2SessionTest, SilentConnectionIsPingedAndCut) {
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

TEST(H2SessionTest, SlowHeadIsCut) {
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

TEST(H2SessionTest, SilentBodyIsCutUnlessSilenceIsFine) {
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

TEST(H2SessionTest, WantsReadStopsWhileThePeerDoesNotRead) {
  H2Wire wire;
  wire.Pump();
  nghttp2_submit_ping(wire.client.session, 0, nullptr);
  wire.session->Receive(wire.client.Output());
  iovec parts[16];
  wire.session->Gather(parts);
  EXPECT_TRUE(wire.session->WantsRead());
  for (int i = 0; i < 2'100; ++i) {  // each answered with a RST_STREAM that cannot leave
    wire.client.Submit({.method = "GET", .headers = {{"te", "bad"}}});
  }
  wire.session->Receive(wire.client.Output());
  wire.TakeOutput(1);
  wire.Pump();
}

TEST(H2SessionTest, ShortMemoryRefusesBigBodiesNotSmallOnes) {
  Limits limits;
  limits.inflight_bytes_max = 100'000;
  H2Wire wire(limits);
  wire.budget.Charge(100'000);
  EchoAtEnd(wire.host);
  EXPECT_EQ(wire.Call({.body = std::string(1'000, 'x')}).body.size(), 1'000u);
  const auto& refused = wire.Call({.body = std::string(50'000, 'x')});
  EXPECT_EQ(refused.error, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_EQ(wire.host.logs[1]->reason, CloseReason::kCut);
  wire.budget.Release(100'000);
  EXPECT_EQ(wire.Call({.body = std::string(50'000, 'x')}).body.size(), 50'000u);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2SessionTest, AnswersFromALaterTurnAskForAWrite) {
  H2Wire wire;
  wire.client.Submit({.body = "x"});
  wire.Pump();
  wire.host.wants_write = 0;
  Answer(*wire.host.logs[0]);
  EXPECT_EQ(wire.host.wants_write, 1);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[1].body, "ok");
}

TEST(H2SessionTest, StreamsAboveTheBoundAreRefused) {
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
