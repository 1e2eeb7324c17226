#include "json/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/strings.h"
#include "google/protobuf/dynamic_message.h"
#include "json/reader.h"
#include "json/scalar_text.h"

namespace sluice::json {
namespace {

using namespace ai::inference::testing;

std::string Print(const google::protobuf::Message& message, WriteOptions options = {}) {
  std::string out;
  MessageToJson(message, out, options);
  return out;
}

std::string FloatText(float value) {
  std::string out;
  AppendFloat(value, out);
  return out;
}

TEST(JsonWriterTest, TheArticlesAnswer) {
  ai::inference::ClassifyResponse response;
  auto* result = response.add_results();
  result->set_label("体育");
  result->set_confidence(0.98f);
  EXPECT_EQ(Print(response), R"({"results":[{"label":"体育","confidence":0.98}]})");
  EXPECT_EQ(Print(ai::inference::ClassifyResponse()), R"({"results":[]})");
  result->set_id("");
  EXPECT_EQ(Print(response), R"({"results":[{"label":"体育","confidence":0.98,"id":""}]})");
}

TEST(JsonWriterTest, FieldsWithoutPresenceAreAlwaysPrinted) {
  EXPECT_EQ(
      Print(Scalars()),
      R"({"int32_value":0,"int64_value":"0","uint32_value":0,"uint64_value":"0","sint32_value":0,"sint64_value":"0",)"
      R"("fixed32_value":0,"fixed64_value":"0","sfixed32_value":0,)"
      R"("sfixed64_value":"0","float_value":0,"double_value":0,)"
      R"("bool_value":false,"string_value":"","bytes_value":"","color":"COLOR_UNSPECIFIED"})");
  EXPECT_EQ(Print(Optionals()), "{}");
  EXPECT_EQ(Print(Scalars(), {.print_defaults = false}), "{}");
  EXPECT_EQ(Print(Maps(), {.print_defaults = false}), "{}");
  EXPECT_EQ(Print(Everything()), R"({"children":[],"camelCase_name":"","renamed":"","far":0})");
}

TEST(JsonWriterTest, FloatsAreShortest) {
  EXPECT_EQ(FloatText(0.98f), "0.98");
  EXPECT_EQ(FloatText(0.1f), "0.1");
  EXPECT_EQ(FloatText(0), "0");
  EXPECT_EQ(FloatText(-0.0f), "-0");
  EXPECT_EQ(FloatText(100000), "100000");
  EXPECT_EQ(FloatText(16777216), "16777216");
  EXPECT_EQ(FloatText(0.00001f), "0.00001");
  EXPECT_EQ(FloatText(1e20f), "1e+20");
  EXPECT_EQ(FloatText(std::numeric_limits<float>::denorm_min()), "1e-45");
  EXPECT_EQ(FloatText(std::numeric_limits<float>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(FloatText(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
}

TEST(JsonWriterTest, TextIsEscapedAndRepaired) {
  Scalars s;
  s.set_string_value(StrCat("a\"\\/\b\f\n\r\t\x01\x1f\x7f", std::string(1, '\0'), " 体😀"));
  const std::string json = Print(s);
  EXPECT_NE(json.find(R"("string_value":"a\"\\/\b\f\n\r\t\u0001\u001f)"
                      "\x7f"
                      R"(\u0000 体😀")"),
            std::string::npos)
      << json;
  for (size_t n = 0; n < 70; ++n) {
    Scalars in, out;
    in.set_string_value(StrCat(std::string(n, 'a'), "\"", std::string(n, 'b'), "\n好"));
    ASSERT_TRUE(JsonToMessage(Print(in), out).ok());
    ASSERT_EQ(in.string_value(), out.string_value());
  }
  Scalars broken;
  broken.set_string_value(
      "a\xff"
      "b\xe4\xbd");
  EXPECT_NE(Print(broken).find("\"a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD\xEF\xBF\xBD\""),
            std::string::npos);
}

TEST(JsonWriterTest, MapsAndEnums) {
  Maps m;
  (*m.mutable_by_string())["a\""] = "b";
  (*m.mutable_by_int32())[-5] = RED;
  (*m.mutable_by_int64())[7] = 0.5;
  (*m.mutable_by_bool())[true] = 1;
  (*m.mutable_by_uint32())[3] = "hello";
  EXPECT_EQ(Print(m, {.print_defaults = false}),
            R"({"by_string":{"a\"":"b"},"by_int32":{"-5":"RED"},"by_int64":{"7":0.5},"by_uint32":{"3":"aGVsbG8="},)"
            R"("by_bool":{"true":1}})");
  Scalars s;
  s.set_color(static_cast<Color>(42));
  EXPECT_EQ(Print(s, {.print_defaults = false}), R"({"color":42})");
}

TEST(JsonWriterTest, WellKnownTypes) {
  Known k;
  k.mutable_timestamp()->set_seconds(-62135596800);
  k.mutable_duration()->set_nanos(-1000);
  k.mutable_mask()->add_paths("user_name");
  k.mutable_mask()->add_paths("photo.big_url");
  k.mutable_value()->set_null_value(google::protobuf::NULL_VALUE);
  k.mutable_any()->PackFrom(k.timestamp());
  k.mutable_empty();
  k.mutable_int64_wrapper()->set_value(5);
  EXPECT_EQ(
      Print(k, {.print_defaults = false}),
      R"({"timestamp":"0001-01-01T00:00:00Z","duration":"-0.000001s","mask":"userName,photo.bigUrl","value":null,)"
      R"("any":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"0001-01-01T00:00:00Z"},)"
      R"("empty":{},"int64_wrapper":"5"})");
}

TEST(JsonWriterTest, WhatJsonCannotSayDoesNotFail) {
  Known k;
  k.mutable_timestamp()->set_seconds(std::numeric_limits<int64_t>::max());
  k.mutable_any()->set_type_url("x/no.such.Type");
  k.mutable_any()->set_value("hello");
  EXPECT_EQ(Print(k, {.print_defaults = false}),
            R"({"timestamp":null,"any":{"@type":"x/no.such.Type","value":"aGVsbG8="}})");
}

TEST(JsonWriterTest, AnyInAnyEndsSomewhere) {
  google::protobuf::Any any;
  for (int i = 0; i < 1000; ++i) {
    google::protobuf::Any outer;
    outer.PackFrom(any);
    any = outer;
  }
  EXPECT_NE(Print(any).find("null"), std::string::npos);
}

TEST(JsonWriterTest, ResponseBodyIsOneField) {
  ListShelvesResponse response;
  response.add_items()->set_int32_value(1);
  std::string out;
  FieldToJson(response, *ListShelvesResponse::descriptor()->FindFieldByName("next_page"), out);
  EXPECT_EQ(out, "\"\"");
  out.clear();
  FieldToJson(response, *ListShelvesResponse::descriptor()->FindFieldByName("items"), out, {.print_defaults = false});
  EXPECT_EQ(out, R"([{"int32_value":1}])");
}

TEST(JsonWriterTest, DynamicMessagesToo) {
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(Known::descriptor())->New());
  const std::string json = R"({"timestamp":"2026-01-01T00:00:00Z","object":{"a":[1,"b",null]},"int64_wrapper":"5"})";
  ASSERT_TRUE(JsonToMessage(json, *message).ok());
  EXPECT_EQ(Print(*message, {.print_defaults = false}), json);
}

TEST(JsonWriterTest, AnEmptyListThatSaysOmitEmptyIsLeftOut) {
  ai::inference::RecognizeResponse response;
  EXPECT_EQ(Print(response), R"({"faces":[],"latency":0})");
  response.add_labels()->set_label("cat");
  EXPECT_EQ(Print(response), R"({"faces":[],"latency":0,"labels":[{"label":"cat","confidence":0}]})");
}

}  // namespace
}  // namespace sluice::json
