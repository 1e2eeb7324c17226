#include "base/trace/spans.h"

#include <gtest/gtest.h>

#include <map>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace sluice {
namespace {

WallTime At(int ms) { return WallTime(std::chrono::milliseconds(1'700'000'000'000 + ms)); }

std::shared_ptr<CallRecord> Call(uint64_t span, uint64_t batch = 0) {
  auto call = std::make_shared<CallRecord>();
  call->trace = {.trace_high = 1, .trace_low = span * 16, .parent_id = 7, .span_id = span};
  call->method = "ai.inference.ImageRecognition/Recognize";
  call->protocol = "grpc";
  call->request_id = "r\"1\"";
  call->began = At(0);
  call->ended = At(12);
  call->latency_ms = 11.5;
  call->stages = {{.name = "queue", .model = "m@1", .began = At(1), .ended = At(2)},
                  {.name = "infer", .model = "m@1", .began = At(2), .ended = At(10), .batch = batch}};
  return call;
}

TEST(SpansTest, OneForTheCallAndOneForEachStage) {
  const std::vector<CallRecordPtr> calls = {Call(5)};
  const std::vector<Span> spans = SpansOf(calls);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_TRUE(spans[0].server);
  EXPECT_EQ(spans[0].id, 5u);
  EXPECT_EQ(spans[0].parent, 7u);
  for (const size_t stage : {1, 2}) {
    EXPECT_EQ(spans[stage].parent, 5u);
    EXPECT_EQ(spans[stage].trace_low, 80u);
    EXPECT_TRUE(spans[stage].links.empty());
  }
  EXPECT_NE(spans[1].id, spans[2].id);
  EXPECT_EQ(SpansOf(calls)[2].id, spans[2].id) << "the same call has the same spans";
}

TEST(SpansTest, CallsOfOneBatchAreLinkedWithIt) {
  const std::vector<Span> spans = SpansOf(std::vector<CallRecordPtr>{Call(5, 99), Call(6, 99), Call(8, 98)});
  ASSERT_EQ(spans.size(), 10u);
  const Span& batch = spans.back();
  EXPECT_EQ(batch.name, "batch");
  ASSERT_EQ(batch.links.size(), 2u);
  EXPECT_EQ(batch.links[0].span_id, spans[2].id);
  EXPECT_EQ(batch.links[1].trace_low, 96u);
  ASSERT_EQ(spans[2].links.size(), 1u);
  EXPECT_EQ(spans[2].links[0].span_id, batch.id);
  EXPECT_EQ(batch.began, At(2));
  EXPECT_TRUE(spans[8].links.empty()) << "alone in its batch";
}

TEST(SpansTest, Otlp) {
  auto call = Call(0x1122334455667788);
  call->code = 14;
  call->degraded = true;
  call->trace_state = "congo=1,rojo=2";
  call->reason = "OVERLOADED";
  call->message = "f\xff";
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  ASSERT_TRUE(
      request.ParseFromString(ToOtlp(std::vector<CallRecordPtr>{call}, {{"service.name", "faces"}, {"zone", "a"}})));
  EXPECT_EQ(request.resource_spans(0).resource().attributes(1).value().string_value(), "a");
  const auto& span = request.resource_spans(0).scope_spans(0).spans(0);
  EXPECT_EQ(span.trace_id().size(), 16u);
  EXPECT_EQ(span.span_id(), "\x11\x22\x33\x44\x55\x66\x77\x88");
  EXPECT_EQ(span.trace_state(), "congo=1,rojo=2");
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).spans(1).trace_state(), "congo=1,rojo=2");
  EXPECT_EQ(span.parent_span_id(), std::string("\0\0\0\0\0\0\0\7", 8));
  EXPECT_EQ(span.end_time_unix_nano() - span.start_time_unix_nano(), 12'000'000u);
  EXPECT_EQ(span.status().code(), opentelemetry::proto::trace::v1::Status::STATUS_CODE_ERROR);
  EXPECT_EQ(span.status().message(), "f\xef\xbf\xbd");
  std::map<std::string, opentelemetry::proto::common::v1::AnyValue> values;
  for (const auto& attribute : span.attributes()) values[attribute.key()] = attribute.value();
  EXPECT_EQ(values["rpc.grpc.status_code"].int_value(), 14);
  EXPECT_EQ(values["sluice.latency_ms"].double_value(), 11.5);
  EXPECT_EQ(values["sluice.request_id"].string_value(), "r\"1\"");
  EXPECT_TRUE(values["sluice.degraded"].bool_value());
}

TEST(SpansTest, OtlpOfMany) {
  std::vector<CallRecordPtr> calls;
  for (uint64_t i = 1; i <= 1000; ++i) calls.push_back(Call(i, 99));
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(ToOtlp(calls, {})));
  const auto& spans = request.resource_spans(0).scope_spans(0).spans();
  ASSERT_EQ(spans.size(), 3001);
  EXPECT_EQ(spans[3000].links_size(), 1000);
  EXPECT_EQ(spans[2999].links(0).span_id(), spans[3000].span_id());
}

TEST(SpansTest, Zipkin) {
  auto call = Call(5);
  call->message = "bad \xff bytes";
  call->code = 3;
  google::protobuf::ListValue spans;
  const std::string json = ToZipkin(std::vector<CallRecordPtr>{call}, {{"service.name", "faces"}});
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &spans).ok()) << json;
  ASSERT_EQ(spans.values_size(), 3);
  const auto& fields = spans.values(0).struct_value().fields();
  EXPECT_EQ(fields.at("traceId").string_value(), "00000000000000010000000000000050");
  EXPECT_EQ(fields.at("id").string_value(), "0000000000000005");
  EXPECT_EQ(fields.at("kind").string_value(), "SERVER");
  EXPECT_EQ(fields.at("duration").number_value(), 12'000);
  EXPECT_EQ(fields.at("localEndpoint").struct_value().fields().at("serviceName").string_value(), "faces");
  EXPECT_EQ(fields.at("tags").struct_value().fields().at("sluice.request_id").string_value(), "r\"1\"");
  EXPECT_EQ(fields.at("tags").struct_value().fields().count("error"), 1u);
}

}  // namespace
}  // namespace sluice
