// HTTP/1.1: what a connection holds is charged and bounded, and no turn is long.
#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "transport/http/testing/h1_script.h"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;

using H1BudgetTest = H1Script;

TEST_F(H1BudgetTest, BodiesAreChargedUntilGivenBackAndAFullBudgetStopsReading) {
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

TEST_F(H1BudgetTest, ABodyThatWaitsForTheBudgetIsRefusedAfterAWhile) {
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
  EXPECT_TRUE(log_.ends_with(StrCat("closed", static_cast<int>(CloseReason::kNoMemory), " "))) << log_;
}

TEST_F(H1BudgetTest, AHandlerMayAnswerWhenItsBodyIsRefused) {
  auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
  handler_->answers_no_memory = true;
  budget_.Charge(1 << 20);
  Receive(std::string(20'000, 'x'));
  loop_.Advance(milliseconds(1500));
  Flush();
  const std::string answer = Take();
  EXPECT_TRUE(answer.ends_with("busy")) << answer;
  EXPECT_TRUE(session_->Finished());
}

// Others charge and release between two looks: a wait that nobody's timer ends was for ever.
TEST_F(H1BudgetTest, ABodyDoesNotWaitWithoutATimer) {
  auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  Receive(std::string(20'000, 'x'));
  budget_.Charge(1 << 20);
  EXPECT_TRUE(session_->WantsRead()) << "nothing would wake it";
  Receive("y");
  EXPECT_FALSE(session_->WantsRead());
  budget_.Release(1 << 20);
  loop_.Advance(milliseconds(Budget::kRetryMs));
  EXPECT_EQ(wants_read_, 1);
  budget_.Charge(1 << 20);
  EXPECT_TRUE(session_->WantsRead()) << "it was said";
  Receive("y");
  EXPECT_FALSE(session_->WantsRead());
  budget_.Release(1 << 20);
  loop_.Advance(milliseconds(Budget::kRetryMs));
  EXPECT_EQ(wants_read_, 2);
}

TEST_F(H1BudgetTest, WhatIsAnsweredLeavesInAllItsPieces) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->exchange.SendHead(200, {}, false);
  handler_->exchange.SendBody("head", false);
  budget_.Charge(2 << 20);
  handler_->exchange.SendBody(std::string(100'000, 'x'), true);
  Flush();
  const std::string answer = Take();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 200");
  EXPECT_GT(answer.size(), 100'000u);
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 ");
}

TEST_F(H1BudgetTest, AnAnswerIsNotCutWhileTheRestOfItsBodyComes) {
  auto_answer_ = false;
  Receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n");
  budget_.Charge(1 << 20);
  session_->Receive(std::string(20'000, 'x'));
  handler_->Answer(std::string(100'000, 'y'));
  loop_.Advance(seconds(2));
  Flush(10'000);
  EXPECT_GT(Take().size(), 100'000u);
}

TEST_F(H1BudgetTest, WithoutMemoryAnAnswerOfWhichNothingLeftIs503) {
  auto_answer_ = false;
  on_exchange_ = [](Recorder& handler) {
    handler.exchange.SendHead(200, {}, false);
    handler.exchange.SendBody("head", false);
    throw std::bad_alloc();
  };
  Receive(kGet);
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 503");
  EXPECT_TRUE(session_->Finished());
}

TEST_F(H1BudgetTest, AnAnswerIsChargedUntilItLeft) {
  auto_answer_ = false;
  Receive(kGet);
  handler_->Answer(std::string(500'000, 'x'));
  EXPECT_GE(budget_.bytes(), 500'000u);
  Flush(10'000);
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1BudgetTest, HeadersAreChargedAndGoneWithTheExchange) {
  auto_answer_ = false;
  Receive(StrCat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(60'000, 'h'), "\r\n\r\n"));
  EXPECT_GE(budget_.bytes(), 60'000u);
  handler_->Answer("ok");
  Flush();
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1BudgetTest, ATrickleIsCutOnlyWhileMemoryIsShort) {
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

TEST_F(H1BudgetTest, AHandlerWithoutMemoryEndsItsExchange) {
  on_exchange_ = [](Recorder&) { throw std::bad_alloc(); };
  Receive(StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 503");
  EXPECT_TRUE(session_->Finished());
}

// Each pipelined request once moved everything after it.
TEST_F(H1BudgetTest, ManyPipelinedRequestsAreTakenInLinearTime) {
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

TEST_F(H1BudgetTest, TinyChunksAreTakenInManyTurns) {
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

TEST_F(H1BudgetTest, AStreamThatFillsUpIsToldWhenItMayGoOn) {
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

}  // namespace
}  // namespace sluice::http
