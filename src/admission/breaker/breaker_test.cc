#include "admission/breaker/breaker.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <filesystem>
#include <fstream>

#include "admission/admission.h"
#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/testing/fake_loop.h"
#include "call/testing/layer_context.h"
#include "engine/identity/identity_engine.h"
#include "repository/repository.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMethod = "ai.inference.ImageRecognition/Recognize";

ModelHandle MakeVersion(std::string id, std::string version, const char* task = "face_detection", uint32_t slo_ms = 0) {
  ModelVersion::Parts parts;
  parts.manifest.set_task(task);
  if (slo_ms > 0) parts.manifest.set_slo_ms(slo_ms);
  parts.id = std::move(id);
  parts.version = std::move(version);
  parts.model = *MakeIdentityEngine()->Load(nullptr, {});
  return std::make_shared<ModelVersion>(std::move(parts));
}

class BreakerLayerTest : public testing::Test {
 protected:
  BreakerLayerTest() {
    loop_.Advance(1h);
    Rule();
  }
  void Rule(bool shadow = false) {
    layer_.SetRules({{.method = std::string(kMethod), .policy = {}, .shadow = shadow, .key = shadow ? "shadow" : "k"}});
  }

  // One use that takes 5 ms.
  absl::Status Use(const ModelHandle& model, absl::Status outcome, std::string_view method = kMethod) {
    ModelUse use{.model_id = model->id(), .method = method, .deadline = loop_.Now() + 1s, .model = model};
    if (absl::Status refused = layer_.Enter(use); !refused.ok()) return refused;
    JobTimes times;
    times.infer.Add(loop_.Now(), loop_.Now() + 5ms);
    loop_.Advance(5ms);
    layer_.Leave(use, outcome, times);
    return absl::OkStatus();
  }
  void Fail(const ModelHandle& model, int times) {
    for (int i = 0; i < times; ++i) (void)Use(model, Error(Reason::MODEL_FAILED, "the run failed"));
  }
  std::string Scrape() { return prometheus::TextSerializer().Serialize(context_.metrics.Collect()); }

  FakeLoop loop_;
  TestLayerContext context_;
  Repository repository_{{}, {}};
  BreakerLayer layer_{AdmissionContext{context_.On(loop_), repository_}};
  const ModelHandle sick_ = MakeVersion("face", "1"), healthy_ = MakeVersion("face", "2"),
                    other_ = MakeVersion("lite", "1");
};

TEST_F(BreakerLayerTest, ASickVersionRestsAndTheOthersGoOn) {
  Fail(sick_, 5);
  const absl::Status refused = Use(sick_, absl::OkStatus());
  EXPECT_EQ(ReasonOf(refused), Reason::CIRCUIT_OPEN);
  EXPECT_EQ(refused.message(), "model 'face@1' is resting: more than 50 % of its calls failed; try again in 10000 ms");
  EXPECT_EQ(RetryAfterOf(refused), absl::Seconds(10));
  EXPECT_TRUE(Use(healthy_, absl::OkStatus()).ok());
  EXPECT_TRUE(Use(other_, absl::OkStatus()).ok());
  EXPECT_TRUE(Use(sick_, absl::OkStatus(), "ai.inference.Multimodal/Analyze").ok()) << "another resource";
  loop_.Advance(10s);
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok()) << "a probe";
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok());
}

TEST_F(BreakerLayerTest, AProbeAndAnOperatorAreToldAsSuch) {
  Fail(sick_, 5);
  loop_.Advance(10s);
  ModelUse probe{.model_id = "face", .method = kMethod, .deadline = loop_.Now() + 1s, .model = sick_};
  EXPECT_TRUE(layer_.Enter(probe).ok());
  const absl::Status probed = Use(sick_, absl::OkStatus());
  EXPECT_EQ(probed.message(),
            "model 'face@1' is resting: more than 50 % of its calls failed, and one call tries it now; "
            "try again in 1000 ms");
  EXPECT_EQ(RetryAfterOf(probed), absl::Seconds(1));
  layer_.Leave(probe, absl::OkStatus(), JobTimes());
  layer_.Force("", "face", "", BreakerState::kOpen);
  const absl::Status forced = Use(sick_, absl::OkStatus());
  EXPECT_EQ(forced.message(), "model 'face@1' is resting: an operator opened its breaker; try again in 10000 ms");
  EXPECT_EQ(RetryAfterOf(forced), absl::Seconds(10));
}

TEST_F(BreakerLayerTest, OnlyServerFaultsCount) {
  for (int i = 0; i < 100; ++i) {
    for (const Reason reason : {Reason::INVALID_IMAGE, Reason::INVALID_REQUEST, Reason::OVERLOADED, Reason::CANCELLED,
                                Reason::RUN_TOO_LARGE, Reason::SHUTTING_DOWN, Reason::DEADLINE_EXCEEDED}) {
      EXPECT_TRUE(Use(sick_, Error(reason, "x")).ok());
    }
  }
  EXPECT_EQ(layer_.List().at(0).counts.calls, 0u);
}

TEST_F(BreakerLayerTest, NoClientOpensATensorModelByItsInput) {
  const ModelHandle tensor = MakeVersion("net", "1", "tensor");
  Fail(tensor, 10'000);
  EXPECT_TRUE(Use(tensor, absl::OkStatus()).ok());
}

TEST_F(BreakerLayerTest, ADeadlineCountsWhenTheRunWasSlow) {
  const absl::Status late = Error(Reason::DEADLINE_EXCEEDED, "late"), good;
  JobTimes queued, slow;
  slow.infer.Add(loop_.Now(), loop_.Now() + 500ms);
  using Result = Breaker::Result;
  EXPECT_EQ(ResultOf(*sick_, late, queued, true), Result::kNotCounted) << "it waited for our other work";
  EXPECT_EQ(ResultOf(*sick_, late, slow, true), Result::kFault);
  EXPECT_EQ(ResultOf(*sick_, Error(Reason::CANCELLED, "stopped"), slow, true), Result::kFault);
  EXPECT_EQ(ResultOf(*sick_, Error(Reason::CANCELLED, "gone"), slow, false), Result::kNotCounted);
  EXPECT_EQ(ResultOf(*sick_, good, slow, true), Result::kFault) << "nobody waited for it any more";
  EXPECT_EQ(ResultOf(*sick_, good, slow, false), Result::kGood);
  EXPECT_EQ(ResultOf(*sick_, Error(Reason::INTERNAL, "x"), queued, false), Result::kFault);
}

TEST_F(BreakerLayerTest, NoClientOpensItByDeadlinesThatAreTooShort) {
  const absl::Status late = Error(Reason::DEADLINE_EXCEEDED, "late");
  JobTimes usual, long_sound;
  usual.infer.Add(loop_.Now(), loop_.Now() + 5ms);
  long_sound.infer.Add(loop_.Now(), loop_.Now() + 10s);
  using Result = Breaker::Result;
  EXPECT_EQ(ResultOf(*sick_, late, usual, true), Result::kNotCounted);
  EXPECT_EQ(ResultOf(*sick_, absl::OkStatus(), usual, true), Result::kGood);
  for (const char* task : {"tensor", "audio_classification"}) {
    EXPECT_EQ(ResultOf(*MakeVersion("x", "1", task), late, long_sound, true), Result::kNotCounted) << task;
  }
}

TEST_F(BreakerLayerTest, WhatIsSlowFollowsFromTheSlo) {
  const ModelHandle fast = MakeVersion("fast", "1", "face_detection", /*slo_ms=*/100);
  EXPECT_EQ(SlowRunOf(*fast), 50ms);
  EXPECT_EQ(SlowRunOf(*sick_), 500ms);
}

TEST_F(BreakerLayerTest, AShadowRuleOnlyCounts) {
  Rule(/*shadow=*/true);
  Fail(sick_, 20);
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok());
  EXPECT_NE(
      Scrape().find("ai_inference_breaker_shadow_refused_total{method=\"ai.inference.ImageRecognition/Recognize\","
                    "model_id=\"face\",version=\"1\"} 16"),
      std::string::npos)
      << Scrape();
}

TEST_F(BreakerLayerTest, WhatARefusedUseTookIsGivenBack) {
  // Two rules: the second refuses, and the first's probe is not lost.
  layer_.SetRules({{.method = std::string(kMethod), .policy = {.open_for = 1s}, .key = "a"},
                   {.method = std::string(kMethod), .policy = {.open_for = 5s}, .key = "b"}});
  Fail(sick_, 5);
  loop_.Advance(2s);
  EXPECT_FALSE(Use(sick_, absl::OkStatus()).ok());
  loop_.Advance(4s);
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok());
}

TEST_F(BreakerLayerTest, RulesThatStayKeepTheirState) {
  Fail(sick_, 5);
  Rule();
  EXPECT_FALSE(Use(sick_, absl::OkStatus()).ok());
  layer_.SetRules({});
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok());
  EXPECT_TRUE(layer_.List().empty());
}

TEST_F(BreakerLayerTest, ByHand) {
  EXPECT_TRUE(layer_.Force(kMethod, "face", "1", BreakerState::kOpen).empty()) << "not used yet";
  (void)Use(sick_, absl::OkStatus());
  (void)Use(healthy_, absl::OkStatus());
  EXPECT_EQ(layer_.Force("", "face", "", BreakerState::kOpen).size(), 2u);
  EXPECT_FALSE(Use(healthy_, absl::OkStatus()).ok());
  EXPECT_EQ(layer_.Force("", "face", "2", BreakerState::kClosed).size(), 1u);
  Fail(healthy_, 20);
  EXPECT_TRUE(Use(healthy_, absl::OkStatus()).ok());
  EXPECT_EQ(layer_.Force("", "", "", std::nullopt).size(), 2u);
  EXPECT_TRUE(Use(sick_, absl::OkStatus()).ok());
}

TEST_F(BreakerLayerTest, ReadsItsFile) {
  const std::string path = testing::TempDir() + "breaker_layer_test.json";
  ASSERT_NE(ai::inference::RecognizeRequest::descriptor(), nullptr);  // links the rpc that the rule names
  context_.options.mutable_breaker()->set_rules(path);
  std::ofstream(path)
      << R"([{"resource":"ai.inference.ImageRecognition.Recognize","ruleType":"DEGRADE","count":50,"timeWindow":3}])";
  BreakerLayer layer{AdmissionContext{context_.On(loop_), repository_}};
  ASSERT_TRUE(layer.Prepare().ok());
  ModelUse use{.model_id = "face", .method = kMethod, .model = sick_};
  ASSERT_TRUE(layer.Enter(use).ok());
  layer.Leave(use, absl::OkStatus(), {});
  EXPECT_EQ(layer.List().at(0).rule.policy.open_for, 3s);
  std::ofstream(path) << "[{}]";
  context_.files.Poll(/*all=*/true);
  EXPECT_EQ(context_.files.states().at(0).failures, 1u);
  EXPECT_EQ(layer.List().size(), 1u) << "the old rules stay";
  context_.options.mutable_breaker()->set_rules(path + ".none");
  EXPECT_FALSE(BreakerLayer(AdmissionContext{context_.On(loop_), repository_}).Prepare().ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice
