#include "call/layers/idempotency/idempotency.h"

#include <gtest/gtest.h>

#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/testing/fake_loop.h"
#include "call/testing/layer_context.h"
#include "call/testing/recording_port.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

// A method whose handler waits to be told its answer.
class IdempotencyTest : public testing::Test {
 protected:
  // A call, and what a client sees of it.
  struct One {
    Headers headers;
    RecordingPort port;
    std::shared_ptr<Call> call;
  };

  IdempotencyTest() {
    const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
    methods_.Add(service->FindMethodByName("Classify"),
                 Unary<ClassifyRequest>([this](std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest>) {
                   computing_.push_back(std::move(call));
                 }));
    chain_.push_back(std::make_unique<IdempotencyLayer>(context_.On(loop_)));
  }
  ~IdempotencyTest() override {
    for (const auto& one : calls_) one->call->Cancel();
  }

  One& Ask(std::string_view name, std::string_view value, std::string text = "a",
           std::string_view client = "10.0.0.7") {
    calls_.push_back(std::make_unique<One>());
    One& one = *calls_.back();
    one.headers.Add(name, value);
    if (compressed_) one.headers.Add("content-encoding", "gzip");
    one.call = Call::Create({.method = methods_.all().front().get(),
                             .protocol = Protocol::kRest,
                             .headers = &one.headers,
                             .client_ip = client,
                             .arrived = loop_.Now(),
                             .budget = budget_},
                            loop_, chain_, one.port);
    one.call->Begin();
    auto request = std::make_unique<ClassifyRequest>();
    request->add_texts(std::move(text));
    one.call->Deliver(std::move(request), 10);
    one.call->RequestEnd();
    return one;
  }
  void Answer(const std::string& label) {
    ClassifyResponse response;
    response.add_results()->set_label(label);
    const auto call = computing_.front();
    computing_.erase(computing_.begin());
    call->Reply(response);
    loop_.Run();
  }
  void Fail() {
    const auto call = computing_.front();
    computing_.erase(computing_.begin());
    call->Fail(Error(Reason::MODEL_FAILED, "failed"));
    loop_.Run();
  }
  static std::string LabelOf(const One& one) {
    if (!one.call->done() || !one.call->outcome().ok()) return "";
    const bool replayed = one.call->response_headers().Get("idempotent-replayed") == "true";
    if (one.port.written.size() != 1) return "?";
    const std::string label = one.port.written[0].find("sport") != std::string::npos ? "sport" : "tech";
    return label + (replayed ? " again" : "");
  }

  bool compressed_ = false;
  Budget* budget_ = nullptr;
  FakeLoop loop_;
  TestLayerContext context_;
  Chain chain_;
  MethodTable methods_;
  std::vector<std::unique_ptr<One>> calls_;
  std::vector<std::shared_ptr<Call>> computing_;
};

TEST_F(IdempotencyTest, TheSameRequestIsComputedOnce) {
  const One &first = Ask("x-request-id", "r1"), &second = Ask("x-request-id", "r1"), &third = Ask("x-request-id", "r1");
  ASSERT_EQ(computing_.size(), 1u);
  Answer("sport");
  EXPECT_EQ(LabelOf(first), "sport");
  EXPECT_EQ(LabelOf(second), "sport again");
  EXPECT_EQ(LabelOf(third), "sport again");
  EXPECT_EQ(LabelOf(Ask("x-request-id", "r1")), "sport again");
  EXPECT_TRUE(computing_.empty());
}

TEST_F(IdempotencyTest, ARequestIdWithAnotherBodyIsAnotherRequest) {
  Ask("x-request-id", "r1");
  Ask("x-request-id", "r1", "b");
  Ask("x-request-id", "r1", "a", "10.0.0.8");
  Ask("x-request-id", "r2");
  EXPECT_EQ(computing_.size(), 4u);
}

TEST_F(IdempotencyTest, AKeyWithAnotherBodyIsRefused) {
  Ask("idempotency-key", "k");
  EXPECT_EQ(ReasonOf(Ask("idempotency-key", "k", "b").call->outcome()), Reason::IDEMPOTENCY_KEY_REUSED);
  Answer("sport");
  EXPECT_EQ(ReasonOf(Ask("idempotency-key", "k", "b").call->outcome()), Reason::IDEMPOTENCY_KEY_REUSED);
  EXPECT_EQ(LabelOf(Ask("idempotency-key", "k")), "sport again");
}

TEST_F(IdempotencyTest, WhoWaitsTakesOver) {
  const One& first = Ask("x-request-id", "r1");
  const One &second = Ask("x-request-id", "r1"), &third = Ask("x-request-id", "r1");
  first.call->Cancel();
  computing_.clear();
  loop_.Run();
  ASSERT_EQ(computing_.size(), 1u) << "the second";
  Fail();
  EXPECT_EQ(ReasonOf(second.call->outcome()), Reason::MODEL_FAILED) << "its own";
  ASSERT_EQ(computing_.size(), 1u) << "the third";
  Answer("tech");
  EXPECT_EQ(LabelOf(third), "tech");
}

TEST_F(IdempotencyTest, WhoWaitsAndGoesIsForgotten) {
  Ask("x-request-id", "r1");
  const One &second = Ask("x-request-id", "r1"), &third = Ask("x-request-id", "r1");
  second.call->Cancel();
  Fail();
  ASSERT_EQ(computing_.size(), 1u);
  Answer("tech");
  EXPECT_EQ(LabelOf(third), "tech");
}

TEST_F(IdempotencyTest, ItsTurnComesAfterItWent) {
  Ask("x-request-id", "r1");
  const One& second = Ask("x-request-id", "r1");
  const One& third = Ask("x-request-id", "r1");
  const auto call = computing_.front();
  computing_.clear();
  call->Fail(Error(Reason::MODEL_FAILED, "failed"));  // the second is told, but goes before it hears of it
  second.call->Cancel();
  loop_.Run();
  ASSERT_EQ(computing_.size(), 1u);
  Answer("tech");
  EXPECT_EQ(LabelOf(third), "tech");
}

TEST_F(IdempotencyTest, FailuresAreNotRecorded) {
  Ask("x-request-id", "r1");
  Fail();
  Ask("x-request-id", "r1");
  EXPECT_EQ(computing_.size(), 1u);
}

TEST_F(IdempotencyTest, AFallbacksAnswerIsNotRecorded) {
  const One& first = Ask("x-request-id", "r1");
  first.call->response_headers().Add("x-sluice-degraded", "small@1");
  Answer("sport");
  Ask("x-request-id", "r1");
  EXPECT_EQ(computing_.size(), 1u);
}

TEST_F(IdempotencyTest, AnAnswerTooLargeToRecordKeepsNobodyWaiting) {
  Ask("x-request-id", "r1");
  Ask("x-request-id", "r1");
  Ask("x-request-id", "r1");
  Answer(std::string(300'000, 'x'));
  EXPECT_EQ(computing_.size(), 2u) << "both at once, not one after the other";
}

TEST_F(IdempotencyTest, ManyWhoWaitAreToldAFewPerTurn) {
  const One& first = Ask("x-request-id", "r1");
  std::vector<const One*> others(200);
  for (const One*& other : others) other = &Ask("x-request-id", "r1");
  Answer("sport");
  const auto told = [&] {
    return std::ranges::count(others, "sport again", [](const One* one) { return LabelOf(*one); });
  };
  EXPECT_EQ(LabelOf(first), "sport");
  EXPECT_GT(told(), 0);
  EXPECT_LT(told(), 50);
  loop_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(told(), 200);
}

TEST_F(IdempotencyTest, AnErrorInsteadOfAReplayDoesNotLookLikeOne) {
  Ask("x-request-id", "r1");
  Answer("sport" + std::string(100'000, '!'));
  Budget full(1, 1);
  budget_ = &full;
  const One& second = Ask("x-request-id", "r1");
  EXPECT_EQ(ReasonOf(second.call->outcome()), Reason::OVERLOADED);
  EXPECT_FALSE(second.call->response_headers().Find("idempotent-replayed"));
}

TEST_F(IdempotencyTest, WithoutAnIdNothingIsKept) {
  Ask("x-other", "r1");
  Ask("x-other", "r1");
  Ask("x-request-id", "not visible");
  Ask("x-request-id", "not visible");
  EXPECT_EQ(computing_.size(), 4u);
}

TEST_F(IdempotencyTest, AKeyThatCannotBeKeptIsRefused) {
  EXPECT_EQ(ReasonOf(Ask("idempotency-key", std::string(256, 'k')).call->outcome()), Reason::INVALID_REQUEST);
  EXPECT_EQ(ReasonOf(Ask("idempotency-key", "schlüssel").call->outcome()), Reason::INVALID_REQUEST);
  Ask("idempotency-key", "\"quoted, as RFC 9651 has it\"");
  EXPECT_EQ(computing_.size(), 1u);
}

TEST_F(IdempotencyTest, ALargeBodyIsDigestedByAWorker) {
  const std::string large(100'000, 'x');
  const One& first = Ask("x-request-id", "r1", large);
  const One& gone = Ask("x-request-id", "r1", large);
  EXPECT_TRUE(computing_.empty());
  gone.call->Cancel();
  context_.chores.Run();
  loop_.Run();
  ASSERT_EQ(computing_.size(), 1u);
  Answer("sport");
  EXPECT_EQ(LabelOf(first), "sport");
  const One& again = Ask("x-request-id", "r1", large);
  context_.chores.Run();
  loop_.Run();
  EXPECT_EQ(LabelOf(again), "sport again");
  computing_.clear();
  const One& failing = Ask("x-request-id", "r2", large);
  context_.chores.Run();
  loop_.Run();
  Fail();
  EXPECT_EQ(ReasonOf(failing.call->outcome()), Reason::MODEL_FAILED);
  Ask("x-request-id", "r2", large);
  context_.chores.Run();
  loop_.Run();
  EXPECT_EQ(computing_.size(), 1u) << "the failed one left nothing behind";
  context_.chores.full = true;
  EXPECT_EQ(ReasonOf(Ask("x-request-id", "r1", large).call->outcome()), Reason::OVERLOADED);
}

TEST_F(IdempotencyTest, ACompressedBodyIsDigestedByAWorker) {
  compressed_ = true;
  Ask("x-request-id", "r1");
  EXPECT_TRUE(computing_.empty());
  context_.chores.Run();
  loop_.Run();
  EXPECT_EQ(computing_.size(), 1u);
}

// A handler that ends the call at once: the store hears who it was.
TEST_F(IdempotencyTest, WhatFailsAtOnceIsNotWaitedFor) {
  MethodTable methods;
  const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
  methods.Add(service->FindMethodByName("Classify"),
              Unary<ClassifyRequest>([this](const std::shared_ptr<Call>& call, std::unique_ptr<ClassifyRequest>) {
                call->Fail(Error(Reason::INVALID_REQUEST, "no"));
                computing_.push_back(call);
              }));
  std::swap(methods, methods_);
  compressed_ = true;
  for (int i = 0; i < 2; ++i) {
    Ask("x-request-id", "r1");
    context_.chores.Run();
    loop_.Run();
  }
  EXPECT_EQ(computing_.size(), 2u);
  std::swap(methods, methods_);
}

TEST_F(IdempotencyTest, Off) {
  context_.options.mutable_idempotency()->set_store(config::Idempotency::OFF);
  chain_[0] = std::make_unique<IdempotencyLayer>(context_.On(loop_));
  Ask("x-request-id", "r1");
  Ask("x-request-id", "r1");
  EXPECT_EQ(computing_.size(), 2u);
}

}  // namespace
}  // namespace sluice
