// HTTP/1.1: how exchanges and connections end: clients that go or stall, resets, drain.
#include <gtest/gtest.h>

#include "transport/http/testing/h1_script.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

using H1EndingTest = H1Script;

TEST_F(H1EndingTest, AClientThatLeavesWhileItsCallRunsResetsIt) {
  auto_answer_ = false;
  Receive(kGet);
  session_->ReceiveEnd();
  EXPECT_EQ(log_, "GET h/a?b=c end closed1 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1EndingTest, AClientThatHalfClosesAfterTheAnswerWasGivenStillGetsIt) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->Answer("late");
  session_->ReceiveEnd();
  Flush();
  EXPECT_EQ(BodyOf(Take()), "late");
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1EndingTest, ALostConnectionClosesTheExchange) {
  auto_answer_ = false;
  Receive(kGet);
  session_->Lost();
  EXPECT_EQ(log_, "GET h/a?b=c end closed2 ");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1EndingTest, TheRestOfASmallBodyIsDroppedAndOfALargeOneClosed) {
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

TEST_F(H1EndingTest, AHeadThatComesTooSlowlyIs408) {
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

TEST_F(H1EndingTest, ABodyThatStopsIs408ButNotWhileWeDoNotRead) {
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

TEST_F(H1EndingTest, ResetEndsTheExchangeLater) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->exchange.Reset();
  EXPECT_EQ(log_, "GET h/a?b=c end ");
  Flush();
  EXPECT_EQ(log_, "GET h/a?b=c end closed3 ");
  EXPECT_TRUE(session_->Finished());
  EXPECT_EQ(Take(), "");
}

TEST_F(H1EndingTest, DrainClosesWhenIdleAndAfterTheAnswer) {
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

TEST_F(H1EndingTest, AnAnswerShorterThanItsLengthCloses) {
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

}  // namespace
}  // namespace sluice::http
