#include "transport/body_collector.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/held_chores.h"
#include "call/testing/recording_port.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/new_call.h"
#include "transport/testing/codec_world.h"

namespace sluice::transport {
namespace {

using ai::inference::ClassifyRequest;

// Keeps the texts of the messages that came.
class KeepingHandler final : public CallHandler {
 public:
  explicit KeepingHandler(std::vector<std::string>& texts) : texts_(texts) {}
  void OnMessage(MessagePtr message) override {
    texts_.push_back(static_cast<const ClassifyRequest&>(*message).texts(0));
  }
  void OnRequestEnd() override { texts_.push_back("end"); }

 private:
  std::vector<std::string>& texts_;
};

class BodyCollectorTest : public testing::Test {
 protected:
  BodyCollectorTest() {
    const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
    world_.methods.Add(service->FindMethodByName("Classify"),
                       [this](Call&) { return std::make_unique<KeepingHandler>(seen_); });
  }
  ~BodyCollectorTest() override {
    world_.chores.Run();
    exchange_->loop_.Run();
    collector_.reset();
    call_.reset();
    EXPECT_EQ(world_.budget.bytes(), 0u);
  }

  absl::Status Begin(std::string length = "") { return Begin(std::move(length), context_); }
  absl::Status Begin(std::string length, const Context& context) {
    collector_.reset();  // those of an earlier one go before their exchange
    call_.reset();
    exchange_ = std::make_unique<grpc::FakeExchange>("/classify",
                                                     std::initializer_list<Headers::Field>{{"content-length", length}});
    collector_.emplace(context, *exchange_);
    call_ = NewCall(*exchange_, *world_.methods.all()[0], Protocol::kRest, context, port_);
    const absl::Status begun = collector_->Begin(call_);
    call_->Begin();
    return begun;
  }
  // The message has the body's two parts.
  BodyDecoding Decode(bool chore) {
    return {.wire_bytes = collector_->size(),
            .chore = chore,
            .decoder = [text = collector_->head() + "|" + collector_->tail()](
                           const Method& method, DecodeMemory&, const std::stop_token&) -> absl::StatusOr<MessagePtr> {
              if (text == "bad|") return Error(Reason::INVALID_BODY, "bad");
              MessagePtr message = method.NewRequest();
              static_cast<ClassifyRequest&>(*message).add_texts(text);
              return message;
            }};
  }

  CodecWorld world_;
  const Context context_ = world_.context({.message_bytes_max = 100});
  std::vector<std::string> seen_;
  RecordingPort port_;
  std::unique_ptr<grpc::FakeExchange> exchange_;
  std::shared_ptr<Call> call_;
  std::optional<BodyCollector> collector_;
};

TEST_F(BodyCollectorTest, TheCallGetsTheMessageAndTheEnd) {
  ASSERT_TRUE(Begin("6").ok());
  collector_->OnBody("abc");
  collector_->OnBody("def");
  EXPECT_EQ(exchange_->consumed, 6u);
  EXPECT_EQ(world_.budget.bytes(), 6u);
  collector_->Decode(Decode(false));
  EXPECT_EQ(seen_, (std::vector<std::string>{"abcdef|", "end"}));
  EXPECT_EQ(call_->bytes_in, 6u);
}

TEST_F(BodyCollectorTest, WhatIsBehindTheSplitIsATailWhereverTheBodyIsCut) {
  for (size_t step : {1, 2, 3, 4, 7}) {
    seen_.clear();
    ASSERT_TRUE(Begin().ok());
    collector_->SplitAt(3);
    const std::string_view body = "abcdefg";
    for (size_t at = 0; at < body.size(); at += step) collector_->OnBody(body.substr(at, step));
    collector_->Decode(Decode(false));
    EXPECT_EQ(seen_.at(0), "abc|defg") << step;
  }
}

TEST_F(BodyCollectorTest, BytesMayBePutInTheirPlace) {
  for (const bool split : {false, true}) {
    seen_.clear();
    ASSERT_TRUE(Begin("7").ok());
    if (split) collector_->SplitAt(3);
    EXPECT_EQ(collector_->PlaceFor(4).empty(), split) << "a head is collected as usual";
    if (!split) collector_->OnBodyPlaced(0);  // the socket had nothing after all
    collector_->OnBody("abc");
    const std::span<char> place = collector_->PlaceFor(4);
    ASSERT_EQ(place.size(), 4u);
    std::copy_n("de", 2, place.begin());
    collector_->OnBodyPlaced(2);
    EXPECT_EQ(collector_->size(), 5u);
    collector_->OnBody("fg");
    EXPECT_EQ(exchange_->consumed, 7u);
    EXPECT_EQ(world_.budget.bytes(), 7u);
    collector_->Decode(Decode(false));
    EXPECT_EQ(seen_.at(0), split ? "abc|defg" : "abcdefg|");
  }
  ASSERT_TRUE(Begin("100").ok());
  EXPECT_TRUE(collector_->PlaceFor(101).empty());
  call_->Cancel();
  EXPECT_TRUE(collector_->PlaceFor(1).empty()) << "nobody wants it any more";
}

TEST_F(BodyCollectorTest, WhatHasComeOfALargeBodyIsNotMovedAgainAndAgain) {
  constexpr size_t kPiece = 256 << 10, kBytes = 20 * kPiece;
  const Context large = world_.context({.message_bytes_max = kBytes});
  ASSERT_TRUE(Begin(StrCat(kBytes), large).ok());
  std::set<const char*> beginnings;
  for (size_t at = 0; at < kBytes; at += kPiece) {
    const std::span<char> place = collector_->PlaceFor(kPiece);
    ASSERT_EQ(place.size(), kPiece);
    beginnings.insert(place.data() - at);
    collector_->OnBodyPlaced(kPiece);
  }
  EXPECT_LE(beginnings.size(), 2u) << "one move, of the first megabyte";
  call_->Cancel();
}

TEST_F(BodyCollectorTest, MoreThanTheBoundIsRefusedBeforeItComesAndWhenItComes) {
  EXPECT_EQ(ReasonOf(Begin("101")), Reason::BODY_TOO_LARGE);
  ASSERT_TRUE(Begin("100").ok());
  collector_->OnBody(std::string(100, 'x'));
  EXPECT_FALSE(call_->done());
  collector_->OnBody("x");
  EXPECT_EQ(ReasonOf(call_->outcome()), Reason::BODY_TOO_LARGE);
}

TEST_F(BodyCollectorTest, ALongDecodingComesBackFromAWorker) {
  ASSERT_TRUE(Begin().ok());
  collector_->OnBody("abc");
  collector_->Decode(Decode(true));
  EXPECT_TRUE(seen_.empty());
  world_.chores.Run();
  EXPECT_TRUE(seen_.empty()) << "the call lives on the loop";
  exchange_->loop_.Run();
  EXPECT_EQ(seen_, (std::vector<std::string>{"abc|", "end"}));
}

TEST_F(BodyCollectorTest, WhatComesBackToNobodyIsGone) {
  ASSERT_TRUE(Begin().ok());
  collector_->OnBody("abc");
  collector_->Decode(Decode(true));
  collector_.reset();
  world_.chores.Run();
  exchange_->loop_.Run();
  EXPECT_TRUE(seen_.empty());
}

TEST_F(BodyCollectorTest, ABadBodyAndAFullQueueEndTheCall) {
  ASSERT_TRUE(Begin().ok());
  collector_->OnBody("bad");
  collector_->Decode(Decode(false));
  EXPECT_EQ(ReasonOf(call_->outcome()), Reason::INVALID_BODY);
  EXPECT_EQ(call_->bytes_in, 3u) << "they came";

  world_.chores.full = true;
  ASSERT_TRUE(Begin().ok());
  collector_->OnBody("abc");
  collector_->Decode(Decode(true));
  EXPECT_EQ(ReasonOf(call_->outcome()), Reason::OVERLOADED);
}

}  // namespace
}  // namespace sluice::transport
