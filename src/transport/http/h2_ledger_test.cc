// HTTP/2: what a connection holds is charged and bounded, and no turn is long.
#include <gtest/gtest.h>

#include <new>

#include "transport/http/h2_session.h"
#include "transport/http/testing/h2_peer.h"

namespace sluice::http {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void Answer(ExchangeLog& log, size_t bytes) {
  log.exchange->SendHead(200, {}, false);
  log.exchange->SendBody(std::string(bytes, 'x'), true);
}

std::vector<std::pair<std::string, std::string>> Fields(int count, size_t bytes) {
  return std::vector<std::pair<std::string, std::string>>(count, {"x-a", std::string(bytes, 'v')});
}

TEST(H2LedgerTest, HeadersOfAllStreamsAreBoundedAndCharged) {
  H2Wire wire;
  wire.Pump();
  size_t most = 0;
  for (int i = 0; i < 900; ++i) {
    wire.client.Submit({.headers = Fields(15, 3'900), .end = false});
    wire.Pump();
    most = std::max(most, wire.budget.bytes());
  }
  EXPECT_TRUE(wire.client.goaways.empty());
  EXPECT_GT(wire.host.logs.size(), 20u);
  EXPECT_LT(wire.host.logs.size(), 60u);
  EXPECT_GT(most, wire.host.logs.size() * 15 * 3'900);
  EXPECT_LT(most, 8u << 20);
  EXPECT_EQ(wire.client.responses.rbegin()->second.Get(":status"), "431");
  // Whoever is small goes on when the large ones are gone.
  for (const auto& log : wire.host.logs) log->exchange->Reset();
  wire.Pump();
  EXPECT_EQ(wire.budget.bytes(), 0u);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 2); };
  EXPECT_EQ(wire.Call({.method = "GET"}).body, "xx");
}

TEST(H2LedgerTest, AThousandOrdinaryRequestsAreNoneTooMany) {
  H2Wire wire;
  for (int i = 0; i < 1'000; ++i) wire.client.Submit({.headers = Fields(10, 120), .end = false});
  wire.Pump();
  EXPECT_EQ(wire.host.logs.size(), 1'000u);
}

TEST(H2LedgerTest, AnswersAreChargedUntilTheyLeft) {
  H2Wire wire({}, 0);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 500'000); };
  wire.Call({.method = "GET"});
  EXPECT_GT(wire.budget.bytes(), 500'000u);
  wire.session->Lost();
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2LedgerTest, WhatIsAnsweredLeavesWhateverIsHeld) {
  Limits limits;
  limits.inflight_bytes_max = 1 << 20;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 2 << 20); };
  EXPECT_EQ(wire.Call({.method = "GET"}).body.size(), size_t{2} << 20);
  EXPECT_EQ(wire.host.logs[0]->reason, CloseReason::kDone);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2LedgerTest, AConnectionThatReadsNothingGetsNoMoreStreams) {
  H2Wire wire({}, 0);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 30 << 20); };
  for (int i = 0; i < 20; ++i) wire.Call({.method = "GET"});
  EXPECT_EQ(wire.host.logs.size(), 5u) << "an eighth of the budget, and the one that passed it";
  EXPECT_EQ(wire.client.responses.rbegin()->second.error, static_cast<uint32_t>(NGHTTP2_REFUSED_STREAM));
}

TEST(H2LedgerTest, SmallPiecesOfAnswerAreJoined) {
  H2Wire wire({}, 0);
  wire.host.on_exchange = [](ExchangeLog& log) { log.exchange->SendHead(200, {}, false); };
  const int32_t id = wire.client.Submit({.method = "GET"});
  wire.Pump();
  for (int i = 0; i < 20'000; ++i) wire.host.logs[0]->exchange->SendBody("12345", false);
  EXPECT_LT(wire.budget.bytes(), 250'000u);
  nghttp2_submit_window_update(wire.client.session, 0, id, 1 << 20);
  nghttp2_submit_window_update(wire.client.session, 0, 0, 1 << 20);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[id].body.size(), 100'000u);
}

TEST(H2LedgerTest, OnlyAWindowThatStaysShutIsCut) {
  H2Wire wire({}, 100, false);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 500); };
  const int32_t steady = wire.client.Submit({.method = "GET"}), stands = wire.client.Submit({.method = "GET"});
  wire.Pump();
  for (int i = 0; i < 10; ++i) {
    wire.host.loop_.Advance(seconds(10));
    nghttp2_submit_window_update(wire.client.session, 0, steady, 1);
    wire.Pump();
  }
  EXPECT_EQ(wire.client.responses[stands].error, static_cast<uint32_t>(NGHTTP2_CANCEL));
  EXPECT_FALSE(wire.client.responses[steady].closed);
  EXPECT_EQ(wire.session->open_exchanges(), 1u);
  nghttp2_submit_window_update(wire.client.session, 0, steady, 1'000);
  wire.Pump();
  EXPECT_EQ(wire.client.responses[steady].body.size(), 500u);
}

// Its bytes fill the window exactly, and the end comes later: such streams stayed for ever.
TEST(H2LedgerTest, AnEndThatWaitsForItsWindowIsCutLikeBytes) {
  for (const uint32_t window : {100, 1 << 20}) {
    const size_t bytes = window == 100 ? 100 : 65'535;  // in the other case it is the connection's
    H2Wire wire({}, window, false);
    const int32_t id = wire.client.Submit({.method = "GET"});
    wire.Pump();
    Exchange& exchange = *wire.host.logs[0]->exchange;
    exchange.SendHead(200, {}, false);
    exchange.SendBody(std::string(bytes, 'x'), false);
    wire.Pump();
    exchange.SendBody({}, true);
    for (int i = 0; i < 7; ++i) {
      EXPECT_EQ(wire.session->open_exchanges(), i < 6 ? 1u : 0u) << window << " after " << 5 * i << " s";
      wire.host.loop_.Advance(seconds(5));
      wire.Pump();
    }
    EXPECT_EQ(wire.client.responses[id].body.size(), bytes);
    EXPECT_EQ(wire.client.responses[id].error, static_cast<uint32_t>(NGHTTP2_CANCEL));
  }
}

TEST(H2LedgerTest, AConnectionWhoseWindowStaysShutIsCut) {
  H2Wire wire({}, 1 << 20, false);  // the connection's own window is 64 KiB
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 100'000); };
  wire.Call({.method = "GET"});
  wire.Call({.method = "GET"});
  for (int i = 0; i < 5; ++i) {
    wire.host.loop_.Advance(seconds(10));
    wire.Pump();
  }
  EXPECT_TRUE(wire.session->Finished());
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2LedgerTest, WhileMemoryIsShortWhoeverHoldsMuchMustMove) {
  Limits limits;
  limits.inflight_bytes_max = 1 << 20;
  H2Wire wire(limits, 0);
  wire.host.on_exchange = [](ExchangeLog& log) {
    log.consume = true;
    if (log.head.method == "GET") Answer(log, log.head.path == "/large" ? 50'000 : 100);
  };
  const int32_t large = wire.client.Submit({.method = "GET", .path = "/large"});
  const int32_t small = wire.client.Submit({.method = "GET"});
  const int32_t body = wire.client.Submit({.body = std::string(50'000, 'x'), .end = false});
  const int32_t writer = wire.client.Submit({.body = std::string(50'000, 'x'), .end = false});
  wire.Pump();
  wire.host.loop_.Advance(seconds(5));
  wire.Pump();
  EXPECT_EQ(wire.session->open_exchanges(), 4u);
  wire.budget.Charge((1 << 20) * 3 / 4);
  for (int i = 0; i < 3; ++i) {
    wire.client.Continue(body, "y", false);
    wire.client.Continue(writer, std::string(20'000, 'y'), false);
    wire.Pump();
    wire.session->Relieve();
    wire.Pump();
    wire.host.loop_.Advance(seconds(2));
  }
  EXPECT_TRUE(wire.client.responses[large].closed);
  EXPECT_TRUE(wire.client.responses[body].closed);
  EXPECT_FALSE(wire.client.responses[small].closed);
  EXPECT_FALSE(wire.client.responses[writer].closed);
}

TEST(H2LedgerTest, WhileMemoryIsShortAStreamForWhichMuchIsKeptMustGoOn) {
  Limits limits;
  limits.inflight_bytes_max = 1 << 20;
  H2Wire wire(limits);
  wire.host.on_exchange = [](ExchangeLog& log) {
    log.awaits_body = false;
    log.kept_bytes = log.head.path == "/much" ? 50'000 : 1'000;
  };
  const int32_t much = wire.client.Submit({.path = "/much", .body = "x", .end = false});
  const int32_t little = wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  wire.host.loop_.Advance(seconds(5));
  wire.session->Relieve();
  wire.Pump();
  EXPECT_TRUE(wire.client.responses[much].closed);
  EXPECT_FALSE(wire.client.responses[little].closed);
}

// What is kept for a call takes a millisecond to be given back.
TEST(H2LedgerTest, ManyStreamsAreResetInManyTurns) {
  for (const bool by_peer : {true, false}) {
    Limits limits;
    limits.inflight_bytes_max = 8 << 20;
    H2Wire wire(limits);
    wire.host.on_exchange = [&](ExchangeLog& log) {
      log.awaits_body = false;
      log.kept_bytes = 50'000;
      log.on_closed = [&](ExchangeLog&) { wire.host.loop_.Pass(microseconds(300)); };
    };
    std::vector<int32_t> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(wire.client.Submit({.body = "x", .end = false}));
    wire.Pump();
    wire.host.loop_.Advance(seconds(5));
    wire.budget.Charge(7 << 20);
    if (by_peer) {
      for (const int32_t id : ids) wire.client.Reset(id);
      wire.session->Receive(wire.client.Output());
    } else {
      wire.session->Relieve();
    }
    wire.TakeOutput();
    int turns = 0;
    for (size_t open = 100; wire.session->open_exchanges() > 0 && turns < 1'000; ++turns) {
      EXPECT_LE(open - wire.session->open_exchanges(), 2u) << by_peer << " in turn " << turns;
      open = wire.session->open_exchanges();
      wire.host.loop_.Advance(milliseconds(1));
      wire.session->Continue();
      wire.TakeOutput();
    }
    EXPECT_GE(turns, 40);
    EXPECT_EQ(wire.session->open_exchanges(), 0u);
    wire.budget.Release(7 << 20);
    EXPECT_EQ(wire.budget.bytes(), 0u);
  }
}

TEST(H2LedgerTest, AHandlerWithoutMemoryEndsItsExchangeOnly) {
  H2Wire wire;
  wire.host.on_exchange = [](ExchangeLog& log) {
    if (log.head.path == "/start") throw std::bad_alloc();
    log.on_body = log.on_end = [](ExchangeLog& l) {
      if (l.head.path == "/body" || l.ended) throw std::bad_alloc();
    };
    log.on_closed = [](ExchangeLog&) { throw std::bad_alloc(); };
  };
  for (const char* path : {"/start", "/body", "/end"}) {
    EXPECT_EQ(wire.Call({.path = path, .body = "x"}).error, static_cast<uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM)) << path;
  }
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
  wire.host.on_exchange = [](ExchangeLog& log) { Answer(log, 2); };
  EXPECT_EQ(wire.Call({.method = "GET"}).body, "xx");
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

TEST(H2LedgerTest, ManyRequestsInOneReadAreStartedInManyTurns) {
  H2Wire wire;
  wire.Pump();
  wire.host.on_exchange = [&](ExchangeLog& log) {
    wire.host.loop_.Pass(microseconds(100));
    Answer(log, 2);
  };
  for (int i = 0; i < 900; ++i) wire.client.Submit({.method = "GET"});
  wire.session->Receive(wire.client.Output());
  EXPECT_LT(wire.host.logs.size(), 7u);
  EXPECT_FALSE(wire.session->WantsRead());
  EXPECT_GT(wire.host.wants_write, 0);
  int turns = 0;
  for (; !wire.session->WantsRead() && turns < 1'000; ++turns) {
    wire.host.loop_.Advance(milliseconds(1));
    const size_t before = wire.host.logs.size();
    wire.session->Continue();
    EXPECT_LT(wire.host.logs.size() - before, 7u);
    wire.client.Input(wire.TakeOutput());
  }
  EXPECT_EQ(wire.host.logs.size(), 900u);
  wire.Pump();
  EXPECT_EQ(wire.client.responses.rbegin()->second.body, "xx");
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

// A turn was too short for what had come when the connection was lost.
TEST(H2LedgerTest, NothingIsReadAfterTheLoss) {
  H2Wire wire;
  wire.Pump();
  const auto linger = [&](ExchangeLog&) { wire.host.loop_.Pass(microseconds(100)); };
  wire.host.on_exchange = [&](ExchangeLog& log) {
    linger(log);
    log.on_body = log.on_closed = linger;
  };
  for (int i = 0; i < 100; ++i) wire.client.Submit({.body = std::string(1'000, 'x'), .end = false});
  wire.session->Receive(wire.client.Output());
  const size_t begun = wire.host.logs.size();
  ASSERT_LT(begun, 30u);
  ASSERT_GT(begun, 0u);
  wire.session->Lost();
  for (int turns = 0; turns < 100; ++turns) {
    wire.host.loop_.Advance(milliseconds(1));
    wire.session->Continue();
  }
  EXPECT_EQ(wire.host.logs.size(), begun);
  for (const auto& log : wire.host.logs) EXPECT_EQ(log->closed, 1);
  EXPECT_EQ(wire.session->open_exchanges(), 0u);
  EXPECT_EQ(wire.budget.bytes(), 0u);
}

// Lost, cut or terminated: the streams of a connection end in slices.
TEST(H2LedgerTest, ManyStreamsAreClosedInManyTurns) {
  for (const bool lost : {true, false}) {
    H2Wire wire;
    wire.host.on_exchange = [&](ExchangeLog& log) {
      log.on_closed = [&](ExchangeLog&) { wire.host.loop_.Pass(microseconds(100)); };
    };
    for (int i = 0; i < 1'000; ++i) wire.client.Submit({.body = "x", .end = false});
    wire.Pump();
    ASSERT_EQ(wire.session->open_exchanges(), 1'000u);
    if (lost) {
      wire.session->Lost();
    } else {
      wire.session->Receive(std::string("\0\0\4\3\0\0\0\0\0\0\0\0\1", 13));  // RST_STREAM of stream 0
      wire.TakeOutput();
    }
    int turns = 1;
    for (size_t open = 1'000; wire.session->open_exchanges() > 0 && turns < 2'000; ++turns) {
      EXPECT_LE(open - wire.session->open_exchanges(), 10u);
      open = wire.session->open_exchanges();
      wire.host.loop_.Advance(milliseconds(1));
      wire.session->Continue();
    }
    EXPECT_GE(turns, 100);
    EXPECT_EQ(wire.session->open_exchanges(), 0u);
    for (const auto& log : wire.host.logs) EXPECT_EQ(log->closed, 1);
    EXPECT_EQ(wire.budget.bytes(), 0u);
  }
}

TEST(H2LedgerTest, ADrainIsToldInManyTurns) {
  H2Wire wire;
  int told = 0;
  wire.host.on_drain = [&] {
    ++told;
    wire.host.loop_.Pass(microseconds(100));
  };
  for (int i = 0; i < 500; ++i) wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  wire.session->Drain();
  wire.Pump();
  EXPECT_GT(told, 0);
  EXPECT_LT(told, 30);
  for (int turns = 0; told < 500 && turns < 1'000; ++turns) {
    wire.host.loop_.Advance(milliseconds(1));
    wire.session->Continue();
  }
  EXPECT_EQ(told, 500);
}

TEST(H2LedgerTest, ManySettingsInOneFrameCountAsMany) {
  H2Wire wire;
  for (int i = 0; i < 500; ++i) wire.client.Submit({.body = "x", .end = false});
  wire.Pump();
  std::string settings("\0\0\x60\4\0\0\0\0\0", 9);
  for (int i = 0; i < 16; ++i) settings += std::string("\0\4\0\0\1", 5) + static_cast<char>(i);
  int sent = 0;
  for (; sent < 1'000 && !wire.session->Finished(); ++sent) {
    wire.session->Receive(settings);
    wire.TakeOutput();
  }
  EXPECT_GT(sent, 20);
  EXPECT_LT(sent, 150);
}

}  // namespace
}  // namespace sluice::http
