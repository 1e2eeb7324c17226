// One WebSocket by hand: the exchange and time are the test's.
#include "transport/websocket/socket.h"

#include <gtest/gtest.h>

#include "transport/grpc/testing/fake_exchange.h"

namespace sluice::websocket {
namespace {

using std::chrono::seconds;

std::string Masked(int first, std::string_view payload) {
  std::string out = {static_cast<char>(first), static_cast<char>(0x80 | static_cast<int>(payload.size())), 0, 0, 0, 0};
  return out.append(payload);
}

class WebSocketTest : public testing::Test, protected SocketEvents {
 protected:
  bool WantsMessage() const override { return wants_; }
  void OnMessage(Opcode kind, std::string payload) override {
    log_ += (kind == Opcode::kText ? "text(" : "binary(") + payload + ") ";
    if (window_ > 0 && --window_ == 0) wants_ = false;
    exchange_.loop_.Pass(message_takes_);
  }
  void OnEnd(bool broken) override { log_ += broken ? "broken " : "end "; }

  void SetUp() override { socket_.emplace(exchange_, budget_, options_, static_cast<SocketEvents&>(*this)); }
  void TearDown() override {
    socket_.reset();
    EXPECT_EQ(budget_.bytes(), 0u);
    EXPECT_EQ(exchange_.loop_.timers(), 0u);
  }
  // Opcode and payload of the frames sent since the last call; all are short.
  std::string Sent() {
    std::string out;
    for (std::string_view in = exchange_.body; in.size() >= 2;) {
      const size_t size = static_cast<unsigned char>(in[1]);
      const std::string_view payload = in.substr(2, size);
      out += std::to_string(in[0] & 15) + ":";
      if ((in[0] & 15) == 8) {
        out += std::to_string(CodeOfClose(payload)) + " ";
      } else {
        out.append(payload).append(" ");
      }
      in.remove_prefix(2 + size);
    }
    exchange_.body.clear();
    return out;
  }

  grpc::FakeExchange exchange_{"/"};
  Budget budget_{1 << 20, 1};
  SocketOptions options_;
  bool wants_ = true;
  int window_ = 0;
  Duration message_takes_ = Duration::zero();
  std::string log_;
  std::optional<Socket> socket_;
};

TEST_F(WebSocketTest, EveryPingIsAnsweredAndMessagesPass) {
  socket_->OnBody(Masked(0x89, "hi") + Masked(0x81, "one") + Masked(0x82, "two"));
  EXPECT_EQ(log_, "text(one) binary(two) ");
  socket_->Send(Opcode::kText, "answer");
  EXPECT_EQ(Sent(), "10:hi 1:answer ");
}

TEST_F(WebSocketTest, ALongTurnLeavesTheRestToTheNext) {
  message_takes_ = std::chrono::milliseconds(1);
  const std::string one = Masked(0x81, "one");
  socket_->OnBody(one + Masked(0x81, "two") + Masked(0x88, ""));
  EXPECT_EQ(log_, "text(one) ");
  EXPECT_EQ(exchange_.consumed, one.size()) << "the rest stays in flow control";
  socket_->OnBodyEnd();
  EXPECT_EQ(log_, "text(one) ");
  exchange_.loop_.Advance(Duration::zero());
  EXPECT_EQ(log_, "text(one) text(two) end ") << "and the close frame counts, although the body ended behind it";
}

TEST_F(WebSocketTest, MessagesWaitWhileTheOwnerTakesNone) {
  window_ = 1;
  const std::string two = Masked(0x81, "one") + Masked(0x81, "two");
  socket_->OnBody(two);
  EXPECT_EQ(log_, "text(one) ");
  EXPECT_EQ(exchange_.consumed, two.size() / 2) << "the rest stays in flow control";
  wants_ = true;
  socket_->Resume();
  EXPECT_EQ(log_, "text(one) text(two) ");
  EXPECT_EQ(exchange_.consumed, two.size());
}

TEST_F(WebSocketTest, ThePeerClosesFirst) {
  socket_->OnBody(Masked(0x88, ClosePayload(1001, "bye")) + Masked(0x81, "late"));
  EXPECT_EQ(log_, "end ");
  EXPECT_EQ(Sent(), "8:1001 ");
  EXPECT_TRUE(exchange_.ended);
}

TEST_F(WebSocketTest, WeCloseFirstAndWaitForThePeer) {
  socket_->Close(4003, "INVALID_BODY: no");
  EXPECT_EQ(Sent(), "8:4003 ");
  EXPECT_FALSE(exchange_.ended);
  socket_->OnBody(Masked(0x81, "dropped") + Masked(0x88, ClosePayload(4003, "")));
  EXPECT_EQ(log_, "");
  EXPECT_EQ(Sent(), "");
  EXPECT_TRUE(exchange_.ended);
}

TEST_F(WebSocketTest, APeerThatNeverClosesIsNotWaitedForLong) {
  socket_->Close(1000, "");
  exchange_.loop_.Advance(seconds(5));
  EXPECT_TRUE(exchange_.ended);
}

TEST_F(WebSocketTest, ACloseFrameBehindABacklogIsSeen) {
  window_ = 1;
  socket_->OnBody(Masked(0x81, "one") + Masked(0x81, "two") + Masked(0x88, ""));
  socket_->Close(1000, "");
  EXPECT_TRUE(exchange_.ended);
  EXPECT_EQ(log_, "text(one) ");
}

TEST_F(WebSocketTest, ABrokenRuleEndsItAtOnce) {
  socket_->OnBody(Masked(0x83, "what"));
  EXPECT_EQ(log_, "broken ");
  EXPECT_EQ(Sent(), "8:1002 ");
  EXPECT_TRUE(exchange_.ended);
}

TEST_F(WebSocketTest, ASilentPeerIsPingedAndThenGivenUp) {
  exchange_.loop_.Advance(seconds(30));
  EXPECT_EQ(Sent(), "9: ");
  socket_->OnBody(Masked(0x8a, ""));
  exchange_.loop_.Advance(seconds(29));
  EXPECT_EQ(Sent(), "");
  exchange_.loop_.Advance(seconds(1));
  EXPECT_EQ(Sent(), "9: ");
  exchange_.loop_.Advance(seconds(20));
  EXPECT_TRUE(exchange_.reset);
  EXPECT_EQ(log_, "broken ");
}

TEST_F(WebSocketTest, SilenceIsOursWhileWeDoNotRead) {
  window_ = 1;
  socket_->OnBody(Masked(0x81, "one") + Masked(0x81, "two"));
  exchange_.loop_.Advance(seconds(3600));
  EXPECT_FALSE(exchange_.reset);
  EXPECT_EQ(log_, "text(one) ");
}

TEST_F(WebSocketTest, WithoutMessagesItIsClosed) {
  for (int i = 0; i < 59; ++i) {  // pongs are not messages
    exchange_.loop_.Advance(seconds(10));
    socket_->OnBody(Masked(0x8a, ""));
  }
  EXPECT_EQ(log_, "");
  exchange_.loop_.Advance(seconds(10));
  EXPECT_EQ(log_, "end ");
  EXPECT_TRUE(Sent().ends_with("8:1008 "));
}

TEST_F(WebSocketTest, AFloodOfPingsEndsIt) {
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += Masked(0x89, "");
  socket_->OnBody(flood);
  EXPECT_EQ(log_, "broken ");
  EXPECT_TRUE(Sent().ends_with("8:1008 "));
}

TEST_F(WebSocketTest, AnUnfinishedMessageIsCharged) {
  std::string begin = {static_cast<char>(0x82), static_cast<char>(0x80 | 127), 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  socket_->OnBody(begin + std::string(50'000, 'x'));
  EXPECT_GE(budget_.bytes(), 50'000u);
  EXPECT_EQ(exchange_.consumed, begin.size() + 50'000) << "so that a message may be larger than the window";
}

}  // namespace
}  // namespace sluice::websocket
