// HTTP/1.1: what is sent, byte for byte: lengths, chunks, trailers, 100 and 101.
#include <gtest/gtest.h>

#include "transport/http/testing/h1_script.h"

namespace sluice::http {
namespace {

using H1AnswerTest = H1Script;

TEST_F(H1AnswerTest, AnswersWithALengthAndKeepsTheConnection) {
  Receive(kGet);
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 ");
  EXPECT_EQ(Take(),
            "HTTP/1.1 200 OK\r\ndate: Tue, 14 Nov 2023 23:13:20 GMT\r\nserver: sluice\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_FALSE(session_->Finished());
  EXPECT_TRUE(session_->WantsRead());
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(H1AnswerTest, AStreamedAnswerIsChunkedAndHeadersComeAtOnce) {
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

TEST_F(H1AnswerTest, TrailersAreSentToWhoAsked) {
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

TEST_F(H1AnswerTest, HeadHasNoBodyAndTheLengthOfOne) {
  Receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = Take();
  EXPECT_NE(answer.find("content-length: 2\r\n"), std::string::npos);
  EXPECT_EQ(BodyOf(answer), "");
  EXPECT_FALSE(session_->Finished());
}

TEST_F(H1AnswerTest, OldClientsGetACloseOrTheirKeepAlive) {
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

TEST_F(H1AnswerTest, ContinueIsSentUnlessTheAnswerIsKnown) {
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

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(H1AnswerTest, AfterAnUpgradeTheBytesAreTheCodecs) {
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

TEST_F(H1AnswerTest, AnUpgradeThatNobodyTakesIsARequestLikeOthers) {
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
