// The HTTP/1.1 session by hand: bytes in, bytes out, simulated time.
#include "transport/http/h1_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "transport/http/h1_writer.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

// Notes what it is told; answers when the test says so. Large pieces of a body have a place of their own.
struct Recorder final : ExchangeHandler {
  explicit Recorder(Exchange& e, std::string& log) : exchange(e), log(log) {}
  void OnBody(std::string_view bytes) override {
    log += StrCat("body(", bytes, ")");
    if (consume) exchange.ConsumeBody(bytes.size());
  }
  std::span<char> PlaceFor(size_t bytes) override { return std::span(place).first(std::min(bytes, place.size())); }
  void OnBodyPlaced(size_t bytes) override {
    log += StrCat("placed(", std::string_view(place.data(), bytes), ")");
    exchange.ConsumeBody(bytes);
  }
  void OnBodyEnd() override {
    log += "end ";
    if (answer_at_end) Answer("ok");
  }
  void OnWritable() override { log += "writable "; }
  void OnClosed(CloseReason reason) override { log += StrCat("closed", static_cast<int>(reason), " "); }

  void Answer(std::string body) {
    exchange.SendHead(200, {}, false);
    exchange.SendBody(std::move(body), true);
  }

  Exchange& exchange;
  std::string& log;
  bool consume = true, answer_at_end = false;
  std::array<char, 8> place{};
};

class H1SessionTest : public testing::Test, protected SessionHost {
 protected:
  Loop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override {
    const RequestHead& head = exchange.head();
    log_ += StrCat(head.method, " ", head.authority, head.path, head.query.empty() ? "" : "?", head.query, " ");
    auto made = std::make_unique<Recorder>(exchange, log_);
    handler_ = made.get();
    made->consume = consume_;
    made->answer_at_end = auto_answer_;
    if (on_exchange_) on_exchange_(*made);
    return made;
  }
  void WantsWrite() override { ++wants_write_; }
  void WantsRead() override { ++wants_read_; }

  void SetUp() override { session_ = NewH1Session(*this, limits_, budget_); }
  void Receive(std::string_view bytes) {
    session_->Receive(bytes);
    Flush();
  }
  // Writes everything, `step` bytes at a time.
  void Flush(size_t step = SIZE_MAX) {
    iovec out[8];
    while (size_t n = session_->Gather(out)) {
      std::string bytes;
      for (size_t i = 0; i < n; ++i) bytes.append(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
      bytes.resize(std::min(bytes.size(), step));
      sent_ += bytes;
      session_->Written(bytes.size());
    }
  }
  std::string Take() { return std::exchange(sent_, {}); }
  static std::string BodyOf(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

  FakeLoop loop_;
  Peer peer_;
  Limits limits_;
  Budget budget_{1 << 20, 10};
  std::string log_, sent_;
  bool auto_answer_ = true, consume_ = true;
  std::function<void(Recorder&)> on_exchange_;
  Recorder* handler_ = nullptr;
  int wants_write_ = 0, wants_read_ = 0;
  std::unique_ptr<Session> session_;
};

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(H1SessionTest, AnswersWithALengthAndKeepsTheConnection) {
  Receive(kGet);
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 ");
  EXPECT_EQ(Take(),
            "HTTP/1.1 200 OK\r\ndate: Tue, 14 Nov 2023 23:13:20 GMT\r\nserver: sluice\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_FALSE(session_->Finished());
  EXPECT_TRUE(session_->WantsRead());
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(H1SessionTest, ABodyMayBePutInItsPlaceInPartsOrWhole) {
  const auto put = [this](std::string_view bytes) {
    const std::span<char> place = session_->PlaceFor(bytes.size());
    const size_t fits = std::min(bytes.size(), place.size());
    std::copy_n(bytes.begin(), fits, place.begin());
    session_->Placed(fits);
    Flush();
    return fits;
  };
  EXPECT_EQ(session_->BodyExpected(), 0u);
  Receive("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhe");
  EXPECT_EQ(session_->BodyExpected(), 9u);
  EXPECT_EQ(put("llo"), 3u);
  Receive("!");
  EXPECT_EQ(put(""), 0u) << "the socket had nothing";
  EXPECT_EQ(put("world and the next request"), 5u) << "never beyond the body";
  EXPECT_EQ(session_->BodyExpected(), 0u);
  EXPECT_EQ(log_, "POST h/p body(he)placed(llo)body(!)placed()placed(world)end closed0 ");
  EXPECT_EQ(budget_.bytes(), 0u);
  Take();
  Receive(kGet);
  EXPECT_EQ(BodyOf(Take()), "ok");
  Receive("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(session_->BodyExpected(), 0u) << "chunks are parsed";
}

// Every request of a connection, its log and its answers must not depend on how the bytes are cut.
TEST_F(H1SessionTest, ByteByByteIsTheSameAsWhole) {
  const std::string stream = StrCat("\r\n", kGet,
                                    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                                    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
                                    kGet);
  const auto joined = [](std::string log) {
    for (size_t at; (at = log.find(")body(")) != std::string::npos;) log.erase(at, 6);
    return log;
  };
  Receive(stream);
  const std::string whole_log = joined(std::exchange(log_, {})), whole = Take();
  EXPECT_EQ(whole_log,
            "GET h/a?b=c end closed0 POST h/p body(hello)end closed0 POST h/c body(abcde)end closed0 GET h/a?b=c end "
            "closed0 ");
  session_ = NewH1Session(*this, limits_, budget_);
  for (const char byte : stream) Receive(std::string_view(&byte, 1));
  EXPECT_EQ(joined(log_), whole_log);
  EXPECT_EQ(Take(), whole);
}

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

TEST_F(H1SessionTest, WhatTwoServersCouldReadDifferentlyIsRefused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const BadRequest cases[] = {
      {"length and chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"two equal lengths", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"list of lengths", start + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"signed length", start + "Content-Length: +5\r\n\r\nhello", 400},
      {"hex length", start + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"empty length", start + "Content-Length:\r\n\r\nhello", 400},
      {"huge length", start + "Content-Length: 99999999999999999999999\r\n\r\nhello", 400},
      {"identity", start + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"gzip, chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"chunked, gzip", start + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
      {"two encodings", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"xchunked", start + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"space before colon", start + "Content-Length : 5\r\n\r\nhello", 400},
      {"folded line", start + "X: a\r\n b\r\n\r\n", 400},
      {"folded length", start + "Content-Length:\r\n 5\r\n\r\nhello", 400},
      {"leading space", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"bare LF line", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"bare LF header", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare CR", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {"NUL", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35), 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", 400},
      {"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"relative target", "GET abc HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"connect", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 405},
      {"version 2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"version 0.9", "GET /\r\n\r\n", 400},
      {"other expectation", start + "Expect: money\r\nContent-Length: 1\r\n\r\n", 417},
      {"bad method", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"TLS on a plain port", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03", 400},
  };
  for (const BadRequest& bad : cases) {
    SCOPED_TRACE(bad.name);
    for (const bool whole : {true, false}) {
      session_ = NewH1Session(*this, limits_, budget_);
      log_.clear();
      if (whole) {
        Receive(bad.bytes + std::string(kGet));
      } else {
        for (const char byte : bad.bytes) Receive(std::string_view(&byte, 1));
      }
      const std::string answer = Take();
      EXPECT_EQ(answer.substr(0, 12), StrCat("HTTP/1.1 ", bad.status)) << answer;
      EXPECT_NE(answer.find("connection: close"), std::string::npos);
      EXPECT_EQ(answer.find("\nHTTP/1.1 "), std::string::npos) << "a second answer: " << answer;
      EXPECT_TRUE(session_->Finished());
      EXPECT_EQ(log_, "");
    }
  }
}

TEST_F(H1SessionTest, ABrokenChunkEndsTheExchange) {
  for (const char* chunk : {"zz\r\n", "5\r\nabcdeXX", "-1\r\n", "5\nabcde\r\n", "fffffffffffffffff\r\n"}) {
    SCOPED_TRACE(chunk);
    session_ = NewH1Session(*this, limits_, budget_);
    log_.clear();
    Receive(StrCat("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, "0\r\n\r\n"));
    EXPECT_NE(log_.find("closed3"), std::string::npos) << log_;
    EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 400");
    EXPECT_TRUE(session_->Finished());
  }
}

TEST_F(H1SessionTest, TooManyOrTooLargeHeadersAre431) {
  limits_.header_bytes_max = 1000;
  limits_.headers_max = 5;
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 5; ++i) many += "a: b\r\n";
  many += "\r\n";
  for (const std::string& bytes : {StrCat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(2000, 'x')), many,
                                   StrCat("GET /", std::string(2000, 'x'))}) {
    session_ = NewH1Session(*this, limits_, budget_);
    Receive(bytes);
    EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 431");
    EXPECT_TRUE(session_->Finished());
  }
}

TEST_F(H1SessionTest, PipelinedRequestsAreAnsweredOneAfterTheOther) {
  auto_answer_ = false;
  Receive(StrCat(kGet, "GET /second HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(log_, "GET h/a?b=c end ");
  EXPECT_TRUE(session_->WantsRead());  // to see the client go
  handler_->Answer("1");
  Flush();
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 GET h/second end ");
  Receive(std::string(20 << 10, '\r'));
  EXPECT_FALSE(session_->WantsRead());
  handler_->Answer("2");
  Flush();
  EXPECT_EQ(Take().find("HTTP/1.1 200"), 0u);
}

TEST_F(H1SessionTest, AClientThatLeavesWhileItsCallRunsResetsIt) {
  auto_answer_ = false;
  Receive(kGet);
  session_->ReceiveEnd();
  EXPECT_EQ(log_, "GET h/a?b=c end closed1 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, AClientThatHalfClosesAfterTheAnswerWasGivenStillGetsIt) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->Answer("late");
  session_->ReceiveEnd();
  Flush();
  EXPECT_EQ(BodyOf(Take()), "late");
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, ALostConnectionClosesTheExchange) {
  auto_answer_ = false;
  Receive(kGet);
  session_->Lost();
  EXPECT_EQ(log_, "GET h/a?b=c end closed2 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, AStreamedAnswerIsChunkedAndHeadersComeAtOnce) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->exchange.SendHead(200, {}, false);
  Flush();
  EXPECT_NE(Take().find("transfer-encoding: chunked\r\n\r\n"), std::string::npos);
  handler_->exchange.SendBody("hello", false);
  handler_->exchange.SendBody("", false);
  Flush();
  EXPECT_EQ(Take(), "5\r\nhello\r\n");
  Headers trailers;
  trailers.Add("x", "y");
  handler_->exchange.SendTrailers(trailers);
  Flush();
  EXPECT_EQ(Take(), "0\r\n\r\n");  // nobody asked for trailers
  EXPECT_NE(log_.find("closed0"), std::string::npos);
}

TEST_F(H1SessionTest, TrailersAreSentToWhoAsked) {
  auto_answer_ = false;
  Receive("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n");
  Headers trailers;
  trailers.Add("x", "y");
  handler_->exchange.SendHead(200, {}, false);
  handler_->exchange.SendBody("a", false);
  handler_->exchange.SendTrailers(trailers);
  Flush();
  EXPECT_EQ(BodyOf(Take()), "1\r\na\r\n0\r\nx: y\r\n\r\n");
}

TEST_F(H1SessionTest, HeadHasNoBodyAndTheLengthOfOne) {
  Receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = Take();
  EXPECT_NE(answer.find("content-length: 2\r\n"), std::string::npos);
  EXPECT_EQ(BodyOf(answer), "");
  EXPECT_FALSE(session_->Finished());
}

TEST_F(H1SessionTest, OldClientsGetACloseOrTheirKeepAlive) {
  Receive("GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(Take().find("connection: close"), std::string::npos);
  EXPECT_TRUE(session_->Finished());
  session_ = NewH1Session(*this, limits_, budget_);
  Receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(Take().find("connection: keep-alive"), std::string::npos);
  EXPECT_FALSE(session_->Finished());
  auto_answer_ = false;
  Receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  handler_->exchange.SendHead(200, {}, false);
  handler_->exchange.SendBody("a", false);
  handler_->exchange.SendBody("b", true);
  Flush();
  EXPECT_EQ(BodyOf(Take()), "ab");  // ended by the close
  EXPECT_TRUE(session_->Finished());
}

constexpr std::string_view kExpect = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

TEST_F(H1SessionTest, ContinueIsSentUnlessTheAnswerIsKnown) {
  Receive(kExpect);
  EXPECT_EQ(Take(), "HTTP/1.1 100 Continue\r\n\r\n");
  Receive("hi");
  EXPECT_EQ(BodyOf(Take()), "ok");
  EXPECT_FALSE(session_->Finished());
  on_exchange_ = [](Recorder& handler) { handler.exchange.SendHead(413, {}, true); };
  Receive(kExpect);
  const std::string answer = Take();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 413");
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, TheRestOfASmallBodyIsDroppedAndOfALargeOneClosed) {
  on_exchange_ = [](Recorder& handler) { handler.Answer("no"); };
  Receive("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhel");
  EXPECT_EQ(BodyOf(Take()), "no");
  Receive("lo12345");
  Receive("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nhel");
  const std::string answer = Take();
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
  EXPECT_TRUE(session_->Finished());
  EXPECT_EQ(log_, "POST h/small closed0 POST h/large closed0 ");
}

TEST_F(H1SessionTest, WhatNobodyWantsOfABodyMayBeSkipped) {
  EXPECT_LT(session_->ReadAtOnce(), SIZE_MAX) << "a head is awaited";
  on_exchange_ = [](Recorder& handler) { handler.Answer("no"); };
  Receive("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhel");
  EXPECT_EQ(BodyOf(Take()), "no");
  EXPECT_EQ(session_->Unwanted(), 7u);
  EXPECT_EQ(session_->BodyExpected(), 0u);
  session_->Skipped(4);
  EXPECT_EQ(session_->Unwanted(), 3u);
  session_->Skipped(3);
  EXPECT_EQ(session_->Unwanted(), 0u);
  on_exchange_ = {};
  Receive("POST /wanted HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(session_->Unwanted(), 0u);
  EXPECT_EQ(session_->ReadAtOnce(), SIZE_MAX);
  Receive("ok");
  EXPECT_EQ(log_, "POST h/small closed0 POST h/wanted body(ok)end closed0 ");
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, AHeadThatComesTooSlowlyIs408) {
  Receive("GET / HT");
  loop_.Advance(limits_.head_timeout - milliseconds(1));
  Receive("T");
  EXPECT_EQ(Take(), "");
  loop_.Advance(milliseconds(1));
  EXPECT_GT(wants_write_, 0);
  Flush();
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 408");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, ABodyThatStopsIs408ButNotWhileWeDoNotRead) {
  limits_.h2_stream_window = 4;
  consume_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_FALSE(session_->WantsRead());
  loop_.Advance(limits_.body_idle_timeout * 3);
  EXPECT_EQ(log_, "POST h/ body(hello)");
  handler_->exchange.ConsumeBody(5);
  EXPECT_EQ(wants_read_, 1);
  loop_.Advance(limits_.body_idle_timeout * 2);
  Flush();
  EXPECT_EQ(log_, "POST h/ body(hello)closed3 ");
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(H1SessionTest, BodiesAreChargedUntilGivenBackAndAFullBudgetStopsReading) {
  consume_ = false;
  auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nhello");
  EXPECT_EQ(budget_.bytes(), 5u);
  budget_.Charge(1 << 20);
  Receive("again");
  EXPECT_TRUE(session_->WantsRead()) << "so far it is a small body";
  Receive(std::string(20'000, 'x'));
  EXPECT_FALSE(session_->WantsRead());
  budget_.Release(1 << 20);
  loop_.Advance(milliseconds(Budget::kRetryMs));
  EXPECT_EQ(wants_read_, 1);
  session_->Lost();
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, ABodyThatWaitsForTheBudgetIsRefusedAfterAWhile) {
  auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  budget_.Charge(1 << 20);
  Receive(std::string(20'000, 'x'));
  loop_.Advance(milliseconds(500));
  EXPECT_FALSE(session_->WantsRead());
  loop_.Advance(milliseconds(1000));
  Flush();
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 503");
  EXPECT_TRUE(session_->Finished());
  EXPECT_EQ(budget_.bytes(), size_t{1} << 20);
}

TEST_F(H1SessionTest, AnAnswerThatDoesNotFitIs503) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->Answer(std::string(2 << 20, 'x'));
  Flush();
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(log_, "GET h/a?b=c end closed3 ");
  EXPECT_TRUE(session_->Finished());
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, AnAnswerIsChargedUntilItLeft) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->Answer(std::string(500'000, 'x'));
  EXPECT_GE(budget_.bytes(), 500'000u);
  Flush(10'000);
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, HeadersAreChargedAndGoneWithTheExchange) {
  auto_answer_ = false;
  Receive(StrCat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(60'000, 'h'), "\r\n\r\n"));
  EXPECT_GE(budget_.bytes(), 60'000u);
  handler_->Answer("ok");
  Flush();
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, ATrickleIsCutOnlyWhileMemoryIsShort) {
  consume_ = auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  Receive(std::string(20'000, 'x'));
  for (int i = 0; i < 100; ++i) {
    loop_.Advance(seconds(1));
    Receive("y");
    session_->Relieve();
  }
  EXPECT_FALSE(session_->Finished());
  budget_.Charge((1 << 20) * 13 / 16);
  for (int i = 0; i < 2; ++i) {
    loop_.Advance(seconds(1));
    Receive(std::string(10'000, 'y'));
    session_->Relieve();
  }
  EXPECT_FALSE(session_->Finished()) << "steady";
  for (int i = 0; i < 5; ++i) {
    loop_.Advance(seconds(1));
    Receive("y");
    session_->Relieve();
  }
  Flush();
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(H1SessionTest, AHandlerWithoutMemoryEndsItsExchange) {
  on_exchange_ = [](Recorder&) { throw std::bad_alloc(); };
  Receive(StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 503");
  EXPECT_TRUE(session_->Finished());
}

// Each pipelined request once moved everything after it.
TEST_F(H1SessionTest, ManyPipelinedRequestsAreTakenInLinearTime) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += kGet;
  loop_.Pass(seconds(1));  // the turn is long: the rest is for later ones
  Receive(many);
  for (int i = 0; i < 1'000'000 && log_.size() < 20'000 * 24; ++i) {
    session_->Continue();
    Flush();
    loop_.Run();
  }
  EXPECT_EQ(std::count(log_.begin(), log_.end(), '0'), 20'000);
}

TEST_F(H1SessionTest, TinyChunksAreTakenInManyTurns) {
  auto_answer_ = false;
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += "1\r\nx\r\n";
  Receive("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  loop_.Pass(seconds(1));
  Receive(body);
  EXPECT_LT(log_.size(), 1'000u);
  EXPECT_FALSE(session_->WantsRead());
  EXPECT_GT(budget_.bytes(), 50'000u);
  int turns = 0;
  for (; !session_->WantsRead() && turns < 100'000; ++turns) session_->Continue();
  EXPECT_GT(turns, 100);
  Receive("0\r\n\r\n");
  EXPECT_TRUE(log_.ends_with("body(x)end "));
  EXPECT_LT(budget_.bytes(), 10'000u) << "the exchange is still open";
}

TEST_F(H1SessionTest, AStreamThatFillsUpIsToldWhenItMayGoOn) {
  limits_.response_buffer_bytes = 10'000;
  auto_answer_ = false;
  Receive(kGet);
  handler_->exchange.SendHead(200, {}, false);
  handler_->exchange.SendBody(std::string(20'000, 'x'), false);
  EXPECT_GT(handler_->exchange.UnsentBytes(), 20'000u);
  Flush(4'000);
  EXPECT_EQ(log_, "GET h/a?b=c end writable ");
  EXPECT_EQ(handler_->exchange.UnsentBytes(), 0u);
}

TEST_F(H1SessionTest, ResetEndsTheExchangeLater) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->exchange.Reset();
  EXPECT_EQ(log_, "GET h/a?b=c end ");
  Flush();
  EXPECT_EQ(log_, "GET h/a?b=c end closed3 ");
  EXPECT_TRUE(session_->Finished());
  EXPECT_EQ(Take(), "");
}

TEST_F(H1SessionTest, DrainClosesWhenIdleAndAfterTheAnswer) {
  session_->Drain();
  EXPECT_TRUE(session_->Finished());
  session_ = NewH1Session(*this, limits_, budget_);
  auto_answer_ = false;
  Receive(kGet);
  session_->Drain();
  EXPECT_FALSE(session_->Finished());
  handler_->Answer("bye");
  Flush();
  EXPECT_NE(Take().find("connection: close"), std::string::npos);
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, AnAbsoluteTargetNamesTheHost) {
  Receive("GET http://Example.com:8000/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(log_.substr(0, 30), "GET Example.com:8000/x?y end c");
}

TEST_F(H1SessionTest, AnAnswerShorterThanItsLengthCloses) {
  auto_answer_ = false;
  Receive(kGet);
  Headers headers;
  headers.Add("content-length", "10");
  headers.Add("x-evil", "a\r\nset-cookie: b");
  handler_->exchange.SendHead(200, headers, false);
  handler_->exchange.SendBody("abc", true);
  Flush();
  EXPECT_EQ(Take().find("\r\nset-cookie"), std::string::npos);
  EXPECT_TRUE(session_->Finished());
}

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(H1SessionTest, AfterAnUpgradeTheBytesAreTheCodecs) {
  on_exchange_ = [](Recorder& r) {
    EXPECT_EQ(r.exchange.head().upgrade, "websocket");
    r.exchange.SendHead(101, {}, false);
  };
  Receive(StrCat(kUpgrade, "raw"));
  EXPECT_EQ(log_, "GET h/ws body(raw)");
  EXPECT_EQ(Take(),
            "HTTP/1.1 101 Switching Protocols\r\ndate: Tue, 14 Nov 2023 23:13:20 GMT\r\nserver: sluice\r\n"
            "upgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nconnection: Upgrade\r\n\r\n");
  Receive("GET / HTTP/1.1\r\n");
  EXPECT_EQ(log_, "GET h/ws body(raw)body(GET / HTTP/1.1\r\n)");
  handler_->exchange.SendBody("answer", false);
  Flush();
  EXPECT_EQ(Take(), "answer");
  loop_.Advance(seconds(1000));
  EXPECT_FALSE(session_->Finished()) << "silence is the codec's business";
  handler_->exchange.SendBody({}, true);  // not a byte
  Flush();
  EXPECT_TRUE(log_.ends_with("closed0 "));
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1SessionTest, AnUpgradeThatNobodyTakesIsARequestLikeOthers) {
  Receive(StrCat(kUpgrade, kGet));
  EXPECT_EQ(log_, "GET h/ws end closed0 GET h/a?b=c end closed0 ");
  for (const char* not_asked : {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
                                "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"}) {
    on_exchange_ = [&](Recorder& r) { EXPECT_EQ(r.exchange.head().upgrade, "") << not_asked; };
    Receive(not_asked);
  }
}

}  // namespace
}  // namespace sluice::http
