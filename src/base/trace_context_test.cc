#include "base/trace_context.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736", kSpan = "00f067aa0ba902b7";

TraceContext Of(std::initializer_list<Headers::Field> fields) {
  Headers headers;
  for (const auto& field : fields) headers.Add(field.name, field.value);
  return TraceContextOf(headers);
}

void ExpectTrace(const TraceContext& context, bool sampled, std::string_view parent = kSpan) {
  EXPECT_EQ(context.TraceId(), kTrace);
  EXPECT_EQ(context.parent_id == 0 ? "" : HexId(context.parent_id), parent);
  EXPECT_EQ(context.sampled, sampled);
}

TEST(TraceContextTest, W3c) {
  const std::string id = std::string(kTrace) + "-" + std::string(kSpan);
  ExpectTrace(Of({{"traceparent", "00-" + id + "-01"}}), true);
  ExpectTrace(Of({{"traceparent", "00-" + id + "-02"}}), false);
  ExpectTrace(Of({{"traceparent", "cc-" + id + "-0b-more"}}), true);
  for (const std::string& bad :
       {"00-" + id, "ff-" + id + "-01", "00-" + id + "-01-more", "cc-" + id + "-01more", "00-" + id + "-0x",
        "00-00000000000000000000000000000000-" + std::string(kSpan) + "-01",
        "00-" + std::string(kTrace) + "-0000000000000000-01",
        "00-" + std::string(kTrace) + "_" + std::string(kSpan) + "-01", std::string("garbage"), std::string(55, '-'),
        std::string()}) {
    EXPECT_EQ(Of({{"traceparent", bad}}).TraceId(), "") << bad;
  }
}

TEST(TraceContextTest, B3) {
  const std::string id = std::string(kTrace) + "-" + std::string(kSpan);
  ExpectTrace(Of({{"b3", id + "-1"}}), true);
  ExpectTrace(Of({{"b3", id + "-d-05e3ac9a4f6e3b90"}}), true);
  ExpectTrace(Of({{"b3", id + "-0"}}), false);
  ExpectTrace(Of({{"b3", id}}), false);
  ExpectTrace(Of({{"b3", kTrace}}), false, "");
  ExpectTrace(Of({{"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}, {"x-b3-sampled", "1"}}), true);
  ExpectTrace(Of({{"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}, {"x-b3-flags", "1"}}), true);
  EXPECT_EQ(Of({{"b3", "00f067aa0ba902b7-00f067aa0ba902b7-1"}}).TraceId(), "00f067aa0ba902b7") << "64 bits";
  EXPECT_EQ(Of({{"b3", "0"}}).TraceId(), "");
  EXPECT_EQ(Of({{"b3", "----"}}).TraceId(), "");
}

TEST(TraceContextTest, W3cGoesFirst) {
  const std::string id = std::string(kTrace) + "-" + std::string(kSpan);
  const std::string other(32, '1');
  ExpectTrace(Of({{"traceparent", "00-" + id + "-01"}, {"b3", other + "-" + std::string(kSpan) + "-0"}}), true);
  ExpectTrace(Of({{"traceparent", "bad"}, {"b3", id + "-1"}, {"x-b3-traceid", other}}), true);
}

// AAB: version 0; field 0, the trace; field 1, the span; field 2, flags.
TEST(TraceContextTest, GrpcsBinaryOne) {
  const std::string text = "AABL+S81d7NNpqPOkp0OBuc2AQDwZ6oLqQK3AgE";  // not the trace above
  const TraceContext context = Of({{"grpc-trace-bin", text}});
  EXPECT_EQ(context.TraceId(), "4bf92f3577b34da6a3ce929d0e06e736");
  EXPECT_EQ(HexId(context.parent_id), kSpan);
  EXPECT_TRUE(context.sampled);
  EXPECT_EQ(Of({{"grpc-trace-bin", text + "="}}).TraceId(), context.TraceId());
  for (const std::string& bad : {text.substr(1), text + "A", "B" + text.substr(1), std::string(39, '?'),
                                 std::string(39, 'A'), std::string("A")}) {
    EXPECT_FALSE(Of({{"grpc-trace-bin", bad}}).known()) << bad;
  }
}

TEST(TraceContextTest, TheStateGoesWithTheParent) {
  const auto state = [](const Headers::Field& with) {
    Headers headers;
    headers.Add(with.name, with.value);
    headers.Add("tracestate", "congo=1");
    return TraceStateOf(headers);
  };
  const std::string id = std::string(kTrace) + "-" + std::string(kSpan);
  EXPECT_EQ(state({"traceparent", "00-" + id + "-01"}), "congo=1");
  EXPECT_EQ(state({"traceparent", id}), "");
  EXPECT_EQ(state({"b3", id + "-1"}), "");
  EXPECT_EQ(state({"x", ""}), "");
}

TEST(TraceContextTest, WhatAnAnswerSays) {
  TraceContext context = Of({{"traceparent", "00-" + std::string(kTrace) + "-" + std::string(kSpan) + "-01"}});
  context.span_id = 0xabc;
  EXPECT_EQ(context.ToW3c(), "00-" + std::string(kTrace) + "-0000000000000abc-01");
}

}  // namespace
}  // namespace sluice
