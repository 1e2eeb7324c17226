#include "admission/fallback/fallback.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "admission/admission.h"
#include "admission/resolve/resolve.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "call/testing/layer_context.h"
#include "engine/identity/identity_engine.h"

namespace sluice {
namespace {

// Models of the identity engine; `broken` has a file that nobody reads.
class FallbackTest : public testing::Test {
 protected:
  FallbackTest() {
    Write("large", "engine: identity\nfallback: small\n");
    Write("small", "engine: identity\n");
    Write("broken", "engine: onnxruntime\nfallback: small\n");
    Write("round", "engine: identity\nfallback: about\n");
    Write("about", "engine: identity\nfallback: round\n");
    std::filesystem::create_directories(root_ + "/broken/1");
    std::ofstream(root_ + "/broken/1/model.onnx") << "no model";
    EXPECT_TRUE(repository_.Load().ok());
    const AdmissionContext context{layers_.On(loop_), repository_};
    std::vector<std::unique_ptr<AdmissionLayer>> layers;
    layers.push_back(std::make_unique<ResolveLayer>(context));
    layers.push_back(std::make_unique<FallbackLayer>(context));
    admission_ = std::make_unique<Admission>(std::move(layers));
  }
  ~FallbackTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& id, std::string_view manifest) {
    std::filesystem::create_directories(root_ + "/" + id);
    std::ofstream(root_ + "/" + id + "/model.yaml") << manifest;
  }
  // The queues of `full_` refuse. Which model took it, and the header of its answer.
  absl::StatusOr<std::string> Submit(const std::string& id) {
    std::string taken;
    auto ticket = admission_->Submit({.model_id = id}, [&](Admitted& admitted) -> absl::StatusOr<Ticket> {
      if (full_.count(admitted.use().model->id()) > 0) {
        absl::Status full = Error(why_, "the queue of 256 is full; try later");
        SetRetryAfter(full, absl::Milliseconds(300));
        return full;
      }
      const std::string_view header = admitted.use().headers.Get("x-sluice-degraded");
      taken = admitted.use().model->id() + (header.empty() ? "" : " " + std::string(header));
      admitted.End(ends_);
      return Ticket{1};
    });
    if (!ticket.ok()) return ticket.status();
    return taken;
  }

  int Degraded() const {
    constexpr std::string_view kSeries = "ai_inference_degraded_total{fallback=\"small\",model_id=\"large\"} ";
    const std::string text = prometheus::TextSerializer().Serialize(layers_.metrics.Collect());
    const size_t at = text.find(kSeries);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + kSeries.size()));
  }

  const std::string root_ = testing::TempDir() + "fallback_test";
  FakeLoop loop_;
  TestLayerContext layers_;
  const std::unique_ptr<Engine> identity_ = MakeIdentityEngine();
  Repository repository_{{.roots = {root_}}, {identity_.get()}};
  std::unique_ptr<Admission> admission_;
  std::set<std::string> full_;
  Reason why_ = Reason::OVERLOADED;
  absl::Status ends_;
};

TEST_F(FallbackTest, AnotherModelAnswersForABusyOne) {
  EXPECT_EQ(*Submit("large"), "large");
  full_ = {"large"};
  for (const Reason why : {Reason::OVERLOADED, Reason::CIRCUIT_OPEN, Reason::MODEL_UNAVAILABLE}) {
    why_ = why;
    EXPECT_EQ(*Submit("large"), "small small@1");
  }
  EXPECT_EQ(Degraded(), 3);
}

TEST_F(FallbackTest, OnlyAnswersOfTheOtherModelAreCounted) {
  full_ = {"large", "small"};
  EXPECT_FALSE(Submit("large").ok());
  EXPECT_EQ(Degraded(), 0);
  full_ = {"large"};
  ends_ = Error(Reason::INTERNAL, "the run failed");
  EXPECT_EQ(*Submit("large"), "small small@1");
  EXPECT_EQ(Degraded(), 0);
  ends_ = absl::OkStatus();
  EXPECT_EQ(*Submit("large"), "small small@1");
  EXPECT_EQ(Degraded(), 1);
}

TEST_F(FallbackTest, AModelThatCannotBeLoadedHasOneToo) { EXPECT_EQ(*Submit("broken"), "small small@1"); }

TEST_F(FallbackTest, WhatTheClientDidWrongIsNotAnsweredByAnother) {
  full_ = {"large"};
  why_ = Reason::INVALID_REQUEST;
  EXPECT_EQ(Submit("large").status().message(), "the queue of 256 is full; try later");
}

TEST_F(FallbackTest, BusyIsSaidWithItsReason) {
  full_ = {"large", "small"};
  const absl::Status busy = Submit("large").status();
  EXPECT_EQ(ReasonOf(busy), Reason::OVERLOADED);
  EXPECT_EQ(ToStd(busy.message()), "服务繁忙,请稍后重试: the queue of 256 is full; try later");
  EXPECT_GE(RetryAfterOf(busy), absl::Milliseconds(300));
  EXPECT_LE(RetryAfterOf(busy), absl::Milliseconds(450)) << "spread by chance";
  EXPECT_EQ(ReasonOf(Submit("nope").status()), Reason::MODEL_NOT_FOUND);
}

TEST_F(FallbackTest, ARoundOfFallbacksEnds) {
  full_ = {"round", "about"};
  EXPECT_EQ(ReasonOf(Submit("round").status()), Reason::OVERLOADED);
  full_ = {"round"};
  EXPECT_EQ(*Submit("round"), "about about@1");
}

}  // namespace
}  // namespace sluice
