#include "call/layers/observe/observe.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "ai/inference/image_recognition.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "call/layers/observe/access_line.h"
#include "call/testing/layer_context.h"
#include "call/testing/recording_port.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::inference::RecognizeRequest;

class ObserveTest : public testing::Test {
 protected:
  ObserveTest() {
    chain_.push_back(std::make_unique<ObserveLayer>(layers_.On(loop_)));
    const auto* service = RecognizeRequest::descriptor()->file()->FindServiceByName("ImageRecognition");
    methods_.Add(service->FindMethodByName("Recognize"),
                 Unary<RecognizeRequest>([](std::shared_ptr<Call>, std::unique_ptr<RecognizeRequest>) {}));
  }

  std::shared_ptr<Call> Run(absl::Status outcome) {
    auto call = Call::Create({.method = methods_.all().front().get(),
                              .protocol = Protocol::kRest,
                              .headers = &headers_,
                              .client_ip = "10.0.0.7",
                              .arrived = loop_.Now()},
                             loop_, chain_, port_);
    call->Begin();
    for (const char* model : models_) call->UseOf(model, "1").infer_ms = 2;
    call->bytes_in = 5;
    loop_.Advance(std::chrono::microseconds(1500));
    call->Finish(std::move(outcome));
    return call;
  }

  std::string Scrape() { return prometheus::TextSerializer().Serialize(layers_.metrics.Collect()); }

  FakeLoop loop_;
  TestLayerContext layers_;
  Chain chain_;
  MethodTable methods_;
  Headers headers_;
  RecordingPort port_;
  std::vector<const char*> models_ = {"m"};
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
  auto call = Run(Error(Reason::INVALID_IMAGE, "not \"an\" image\n"));
  std::string line;
  FormatAccessLine(*call, WallTime(std::chrono::seconds(0)), line);
  EXPECT_EQ(line,
            R"({"timestamp":"1970-01-01T00:00:00.000000Z","request_id":"r1","client_ip":"10.0.0.7","model_id":"m",)"
            R"("latency":1.500,"status":"error","error":"not \"an\" image\u000a","trace_id":null,)"
            R"("method":"ai.inference.ImageRecognition/Recognize","protocol":"rest","code":"INVALID_ARGUMENT",)"
            R"("bytes_in":5,"bytes_out":0,"queue_ms":0.000,"infer_ms":2.000,"key_id":null})");
}

TEST_F(ObserveTest, ACallOfSeveralModelsNamesAndCountsEach) {
  models_ = {"text", "face"};
  auto call = Run(absl::OkStatus());
  std::string line;
  FormatAccessLine(*call, WallTime(std::chrono::seconds(0)), line);
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

TEST_F(ObserveTest, EveryEndIsCountedOnceByWhoseFaultItWas) {
  Run(absl::OkStatus());
  Run(absl::OkStatus());
  Run(Error(Reason::INVALID_IMAGE, "x"));
  Run(Error(Reason::OVERLOADED, "x"));
  const std::string text = Scrape();
  const std::string labels =
      R"(method="ai.inference.ImageRecognition/Recognize",model_id="m",protocol="rest",version="1"})";
  EXPECT_NE(text.find("ai_inference_requests_success_total{" + labels + " 2"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(ai_inference_requests_error_total{error_type="client",)" + labels + " 1"), std::string::npos);
  EXPECT_NE(text.find(R"(ai_inference_requests_error_total{error_type="overload",)" + labels + " 1"),
            std::string::npos);
  EXPECT_NE(text.find("ai_inference_latency_seconds_count{" + labels + " 4"), std::string::npos);
}

}  // namespace
}  // namespace sluice
