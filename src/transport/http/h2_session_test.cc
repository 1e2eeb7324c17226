#include "transport/http/h2_session.h"

#include <gtest/gtest.h>

#include "transport/http/testing/h2_peer.h"

namespace sluice::http {
namespace {

TEST(H2SessionTest, AnswersARequestWithoutBody) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
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

TEST(H2SessionTest, ExtendedConnectIsATunnel) {
  H2Wire wire;
  wire.Pump();  // the client must see that it is offered (RFC 8441)
  EXPECT_EQ(nghttp2_session_get_remote_settings(wire.client.session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1u);
  wire.host.on_exchange = [](ExchangeLog& log) {
    EXPECT_EQ(log.head.upgrade, "websocket");
    log.exchange->SendHead(101, {}, false);
    log.on_body = [](ExchangeLog& l) { l.exchange->SendBody(l.body, false); };
    log.on_end = [](ExchangeLog& l) { l.exchange->SendBody({}, true); };
  };
  const int32_t id = wire.client.Submit(
      {.method = "CONNECT", .path = "/ws", .headers = {{":protocol", "websocket"}}, .body = "frames", .end = false});
  wire.Pump();
  EXPECT_EQ(wire.client.responses[id].Get(":status"), "200");
  EXPECT_EQ(wire.client.responses[id].Get("sec-websocket-accept"), "");
  EXPECT_EQ(wire.client.responses[id].body, "frames");
  EXPECT_FALSE(wire.client.responses[id].ended);
  wire.client.Continue(id, "", true);
  wire.Pump();
  EXPECT_TRUE(wire.client.responses[id].ended);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2SessionTest, TheKeyOfAHandshakeThatAProxyPassesOnIsAnswered) {
  H2Wire wire;
  wire.Pump();
  wire.host.on_exchange = [](ExchangeLog& log) { log.exchange->SendHead(101, {}, false); };
  // The key and its answer of RFC 6455, 1.3.
  const int32_t id =
      wire.client.Submit({.method = "CONNECT",
                          .path = "/ws",
                          .headers = {{":protocol", "websocket"}, {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}},
                          .end = false});
  wire.Pump();
  EXPECT_EQ(wire.client.responses[id].Get(":status"), "200");
  EXPECT_EQ(wire.client.responses[id].Get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(H2SessionTest, HeadersOfTheGateAreOnEveryAnswer) {
  H2Wire wire;
  wire.host.answer_headers = true;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log); };
  EXPECT_EQ(wire.Call({.method = "GET"}).Get("x-gate"), "1");
  wire.host.answer_headers = false;
  EXPECT_EQ(wire.Call({.method = "GET"}).Get("x-gate"), "") << "a pooled stream forgets them";
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
        l.exchange->SendBody(std::string(10'000, static_cast<char>('a' + sent % 26)), sent == 99);
        ++sent;
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
  wire.host.on_exchange = [&](ExchangeLog& log) { Respond(log, 200, std::move(body)); };
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
  wire.host.on_exchange = [&](ExchangeLog& log) { Respond(log, 200, body); };
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

TEST(H2SessionTest, TrailersDoNotWaitForAWindow) {
  Headers trailers;
  trailers.Add("grpc-status", "0");
  for (const size_t bytes : {0, 50, 100}) {
    H2Wire wire({}, /*client_window=*/100, /*auto_window=*/false);
    const int32_t id = wire.client.Submit({.method = "GET"});
    wire.Pump();
    Exchange& exchange = *wire.host.logs[0]->exchange;
    exchange.SendHead(200, {}, false);
    exchange.SendBody(std::string(bytes, 'x'), false);
    wire.Pump();
    exchange.SendTrailers(trailers);
    wire.Pump();
    const auto& response = wire.client.responses[id];
    EXPECT_EQ(response.body.size(), bytes);
    EXPECT_EQ(response.Get("grpc-status"), "0") << bytes;
    EXPECT_TRUE(response.closed) << bytes;
    EXPECT_EQ(response.error, 0u);
    EXPECT_EQ(wire.session->open_exchanges(), 0u);
    EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
  }
}

TEST(H2SessionTest, HeadHasNoBody) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 200, "never seen"); };
  const auto& response = wire.Call({.method = "HEAD"});
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
}

TEST(H2SessionTest, AnAnswerBeforeTheRequestsEndStopsTheRequest) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 404); };
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

  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 413); };
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
  wire.host.on_exchange = [](ExchangeLog& log) { Respond(log, 200, std::string(5'000'000, 'x')); };
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

TEST(H2SessionTest, AnswersFromALaterTurnAskForAWrite) {
  H2Wire wire;
  wire.client.Submit({.body = "x"});
  wire.Pump();
  wire.host.wants_write = 0;
  Respond(*wire.host.logs[0]);
  EXPECT_EQ(wire.host.wants_write, 1);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[1].body, "ok");
}

}  // namespace
}  // namespace sluice::http
