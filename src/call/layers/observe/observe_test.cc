#include "call/layers/observe/observe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/short_deadline.h"
#include "base/strings.h"
#include "call/layers/observe/access_line.h"
#include "call/outcome.h"
#include "call/testing/layer_fixture.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;
using std::chrono::milliseconds;

class ObserveTest : public LayerTest {
 protected:
  ObserveTest() {
    chain_.push_back(std::make_unique<ObserveLayer>(layers_.On(loop_)));
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    for (const char* name : {"Recognize", "StreamRecognize"}) {
      methods_.Add(service->FindMethodByName(name),
                   Unary<RecognizeRequest>([](std::shared_ptr<Call>, std::unique_ptr<RecognizeRequest>) {}));
    }
  }

  std::shared_ptr<Call> Run(absl::Status outcome) {
    const auto call = Begin(*methods_.all()[stream_ ? 1 : 0]);
    for (const char* model : models_) {
      call->UseOf(model, "1").infer_ms = 2;
      call->UseOf(model, "1").slo_ms = slo_ms_;
    }
    call->bytes_in = 5;
    if (call_) call_(*call);
    loop_.Advance(std::chrono::microseconds(1500));
    call->Finish(std::move(outcome));
    return call;
  }

  std::string Scrape() { return layers_.Scrape(); }

  std::vector<const char*> models_ = {"m"};
  double slo_ms_ = 0;
  bool stream_ = false;
  std::function<void(Call&)> call_;
};

TEST_F(ObserveTest, AGoodRequestIdIsEchoedAndABadOneReplaced) {
  headers_.Add("x-request-id", "order-17");
  EXPECT_EQ(Run(absl::OkStatus())->request_id, "order-17");
  EXPECT_EQ(port_.request_id_header, "order-17");
  headers_.Clear();
  headers_.Add("x-request-id", "two words");
  EXPECT_EQ(Run(absl::OkStatus())->request_id.size(), 36u);
}

TEST_F(ObserveTest, TheLineHasTheArticlesFieldsAndTypes) {
  headers_.Add("x-request-id", "r1");
  headers_.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  auto call = Run(Error(Reason::INVALID_IMAGE, "not \"an\" image\n"));
  LineBuffer json;
  FormatAccessLine(*call, WallTime(std::chrono::seconds(0)), json);
  const std::string line(json.view());
  EXPECT_EQ(line,
            R"({"timestamp":"1970-01-01T00:00:00.000000Z","request_id":"r1","client_ip":"10.0.0.7","model_id":"m",)"
            R"("latency":1.500,"status":"error","error":"not \"an\" image\u000a",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
            R"("method":"ai.inference.ImageRecognition/Recognize","protocol":"rest","code":"INVALID_ARGUMENT",)"
            R"("bytes_in":5,"bytes_out":0,"queue_ms":0.000,"infer_ms":2.000,"key_id":null,"reason":"INVALID_IMAGE",)"
            R"("ended_in":"request"})");
}

TEST_F(ObserveTest, ACallOfSeveralModelsNamesAndCountsEach) {
  models_ = {"text", "face"};
  auto call = Run(absl::OkStatus());
  LineBuffer json;
  FormatAccessLine(*call, WallTime(std::chrono::seconds(0)), json);
  const std::string line(json.view());
  EXPECT_NE(line.find(R"("model_id":"text")"), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(R"("models":[{"model_id":"text","version":"1","queue_ms":0.000,"infer_ms":2.000},)"
                             R"({"model_id":"face","version":"1","queue_ms":0.000,"infer_ms":2.000}]})"))
      << line;
  const std::string text = Scrape();
  for (const char* model : {"text", "face"}) {
    EXPECT_NE(text.find(StrCat("model_id=\"", model, "\",protocol=\"rest\",version=\"1\"} 1")), std::string::npos)
        << text;
  }
  EXPECT_NE(
      text.find(
          R"(ai_inference_request_bytes_total{method="ai.inference.ImageRecognition/Recognize",protocol="rest"} 5)"),
      std::string::npos)
      << text;
}

TEST_F(ObserveTest, CallsInProgressAreCounted) {
  const auto in_progress = [this] {
    MetricsText text(MetricsText::Format::kPlain);
    layers_.telemetry.live.Collect(text);
    return text.Finish();
  };
  std::string during;
  call_ = [&](Call&) { during = in_progress(); };
  Run(absl::OkStatus());
  EXPECT_NE(during.find("ai_inference_calls_in_progress{kind=\"unary\"} 1"), std::string::npos) << during;
  EXPECT_NE(in_progress().find("ai_inference_calls_in_progress{kind=\"unary\"} 0"), std::string::npos);
}

TEST_F(ObserveTest, EveryEndIsCountedOnceByWhoseFaultItWas) {
  Run(absl::OkStatus());
  Run(absl::OkStatus());
  Run(Error(Reason::INVALID_IMAGE, "x"));
  Run(Error(Reason::OVERLOADED, "x"));
  absl::Status late = Error(Reason::DEADLINE_EXCEEDED, "x");
  Run(late);
  MarkShortDeadline(late);
  for (int i = 0; i < 3; ++i) Run(late);
  const std::string text = Scrape();
  const std::string labels =
      R"(method="ai.inference.ImageRecognition/Recognize",model_id="m",protocol="rest",version="1"})";
  EXPECT_NE(text.find("ai_inference_requests_success_total{" + labels + " 2"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(ai_inference_requests_error_total{error_type="client",)" + labels + " 4"), std::string::npos);
  EXPECT_NE(text.find(R"(ai_inference_requests_error_total{error_type="model",)" + labels + " 1"), std::string::npos);
  EXPECT_NE(text.find(R"(ai_inference_requests_error_total{error_type="overload",)" + labels + " 1"),
            std::string::npos);
  // Refusals, which are fast, do not make successes look fast.
  for (const char* line : {"failed\"} 5", "refused\"} 1", "success\"} 2"}) {
    EXPECT_NE(
        text.find("ai_inference_latency_seconds_count{" + labels.substr(0, labels.size() - 1) + ",outcome=\"" + line),
        std::string::npos)
        << text;
  }
}

TEST_F(ObserveTest, AShortDeadlineIsTheClientsMistakeFromWhenTheRequestIsComplete) {
  slo_ms_ = 100;
  const auto whose = [this](int upload_ms, int allowed_ms) {
    call_ = [=, this](Call& call) {
      call.set_deadline(loop_.Now() + milliseconds(allowed_ms));
      loop_.Advance(milliseconds(upload_ms));
      if (upload_ms < allowed_ms) call.Deliver(std::make_unique<RecognizeRequest>(), 1);
    };
    return ErrorTypeOf(*Run(Error(Reason::DEADLINE_EXCEEDED, "x")));
  };
  EXPECT_EQ(whose(0, 50), "model");
  EXPECT_EQ(whose(0, 49), "client") << "less than half of what the model promises";
  EXPECT_EQ(whose(950, 1000), "model");
  EXPECT_EQ(whose(951, 1000), "client") << "the upload took the rest";
  models_.clear();
  EXPECT_EQ(whose(0, 1), "model") << "nobody knows what was promised";
  EXPECT_EQ(whose(1000, 1000), "client") << "the request was never complete";
}

TEST_F(ObserveTest, AStreamsOwnDeadlineIsTheClientsMistakeWhileItSends) {
  stream_ = true;
  const auto whose = [this](bool ended) {
    call_ = [this, ended](Call& call) {
      call.set_deadline(loop_.Now() + milliseconds(500));
      call.Deliver(std::make_unique<RecognizeRequest>(), 1);
      if (ended) call.RequestEnd();
    };
    return ErrorTypeOf(*Run(Error(Reason::DEADLINE_EXCEEDED, "x")));
  };
  EXPECT_EQ(whose(false), "client");
  EXPECT_EQ(whose(true), "model");
}

TEST_F(ObserveTest, OneBucketEndsAtTheModelsPromise) {
  slo_ms_ = 33;
  Run(absl::OkStatus());
  EXPECT_NE(Scrape().find(R"(outcome="success",le="0.033"} 1)"), std::string::npos) << Scrape();
}

TEST_F(ObserveTest, EveryCallHasATraceAndSaysSo) {
  const auto call = Run(absl::OkStatus());
  EXPECT_EQ(call->trace.TraceId().size(), 32u);
  EXPECT_EQ(call->response_headers().Get("traceresponse"), call->trace.ToW3c());
  headers_.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  const auto joined = Run(absl::OkStatus());
  EXPECT_EQ(joined->trace.TraceId(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_NE(HexId(joined->trace.span_id), "00f067aa0ba902b7");
}

TEST_F(ObserveTest, TheEndingDecidesWhatIsKept) {
  layers_.telemetry.sample_ratio = 0;
  slo_ms_ = 10;
  Run(absl::OkStatus());
  EXPECT_EQ(layers_.telemetry.notable.size(), 0u);
  const auto kept = [&](CallRecord::Kept why, absl::Status outcome) {
    const auto call = Run(std::move(outcome));
    const auto found = layers_.telemetry.notable.Find(call->request_id);
    ASSERT_EQ(found.size(), 1u) << ToString(why);
    EXPECT_EQ(ToString(found[0]->kept), ToString(why));
    EXPECT_EQ(found[0]->trace.TraceId(), call->trace.TraceId());
  };
  kept(CallRecord::Kept::kError, Error(Reason::INVALID_IMAGE, "x"));
  kept(CallRecord::Kept::kRefused, Error(Reason::OVERLOADED, "x"));
  slo_ms_ = 1.5;
  kept(CallRecord::Kept::kSlow, absl::OkStatus());
  slo_ms_ = 0;
  headers_.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  kept(CallRecord::Kept::kAsked, absl::OkStatus());
  headers_.Clear();
  layers_.telemetry.sample_ratio = 1;
  kept(CallRecord::Kept::kSample, absl::OkStatus());
}

TEST_F(ObserveTest, WhatComesInThousandsDoesNotPushOutWhatIsRare) {
  const auto kept = [&](int calls, const absl::Status& outcome) {
    const size_t before = layers_.telemetry.notable.size();
    for (int i = 0; i < calls; ++i) Begin(*methods_.all().front())->Finish(outcome);
    return layers_.telemetry.notable.size() - before;
  };
  layers_.telemetry.sample_ratio = std::nextafter(1.0, 0.0);
  EXPECT_EQ(kept(150, absl::OkStatus()), 100u);
  EXPECT_EQ(kept(1200, Error(Reason::OVERLOADED, "x")), 1000u);
  EXPECT_EQ(kept(1200, Error(Reason::MODEL_FAILED, "x")), 1200u);
  loop_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(kept(10, absl::OkStatus()), 10u);
  EXPECT_EQ(kept(10, Error(Reason::OVERLOADED, "x")), 10u);
  layers_.telemetry.sample_ratio = 1;
  EXPECT_EQ(kept(150, absl::OkStatus()), 150u);
}

TEST_F(ObserveTest, ARecordHasTheStagesAndTheVerdicts) {
  call_ = [this](Call& call) {
    const TimePoint start = loop_.clock().Now();
    call.stages.push_back({.name = "queue", .use = 0, .began = start, .ended = start + std::chrono::microseconds(100)});
    call.stages.push_back({.name = "infer", .use = 0, .began = start + std::chrono::microseconds(100), .ended = start});
    call.Note("breaker", "m@1", Error(Reason::CIRCUIT_OPEN, "60 of 100 failed"));
  };
  const auto call = Run(Error(Reason::CIRCUIT_OPEN, "busy: 60 of 100 failed"));
  const auto record = layers_.telemetry.notable.Find(call->request_id).at(0);
  ASSERT_EQ(record->stages.size(), 2u);
  EXPECT_EQ(record->stages[0].name, "queue");
  EXPECT_EQ(record->stages[1].model, "m@1");
  EXPECT_NE(record->stages[1].batch, 0u);
  ASSERT_EQ(record->verdicts.size(), 1u);
  EXPECT_EQ(record->verdicts[0].layer, "breaker");
  EXPECT_EQ(record->verdicts[0].message, "60 of 100 failed");
  EXPECT_EQ(record->reason, "CIRCUIT_OPEN");
}

TEST_F(ObserveTest, AHistogramPointsToACallThatWasKept) {
  headers_.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  Run(absl::OkStatus());
  MetricsText text(MetricsText::Format::kOpenMetrics);
  for (const MetricSource* source : layers_.telemetry.metrics) source->Collect(text);
  EXPECT_NE(text.Finish().find("# {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\""), std::string::npos);
}

TEST_F(ObserveTest, LiveCallsAreListedByTheirAge) {
  const auto start = [this] {
    auto call =
        Call::Create({.method = methods_.all().front().get(), .headers = &headers_, .arrived = loop_.clock().Now()},
                     loop_, chain_, port_);
    call->Begin();
    return call;
  };
  const auto old = start();
  loop_.Advance(std::chrono::milliseconds(5));
  const auto young = start();
  const auto gone = start();
  gone->Finish(absl::OkStatus());
  std::vector<LiveCall> live;
  layers_.telemetry.live.List(loop_, [&live](std::vector<LiveCall> calls) { live = std::move(calls); });
  loop_.Run();
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live[0].request_id, old->request_id);
  EXPECT_EQ(live[0].age_ms, 5);
  EXPECT_EQ(live[1].stage, "body");
  young->Finish(absl::OkStatus());
  old->Finish(absl::OkStatus());
}

}  // namespace
}  // namespace sluice
