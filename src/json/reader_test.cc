#include "json/reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::json {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::RecognizeRequest;
using namespace ai::inference::testing;

template <typename M>
M Read(std::string_view json) {
  M message;
  const absl::Status status = JsonToMessage(json, message);
  EXPECT_TRUE(status.ok()) << json << "\n" << status;
  return message;
}

template <typename M>
std::string Refusal(std::string_view json, ReadOptions options = {}) {
  M message;
  const absl::Status status = JsonToMessage(json, message, options);
  EXPECT_FALSE(status.ok()) << json;
  if (status.ok()) return {};
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_BODY) << json;
  return std::string(status.message());
}

TEST(JsonReaderTest, TheArticlesBodies) {
  const auto classify =
      Read<ClassifyRequest>(R"({"texts": ["特斯拉发布新款电动车", "a\"b\\c\/\n\u4f53\uD83D\uDE00"], "model_id": "m"})");
  ASSERT_EQ(classify.texts_size(), 2);
  EXPECT_EQ(classify.texts(0), "特斯拉发布新款电动车");
  EXPECT_EQ(classify.texts(1), "a\"b\\c/\n体😀");
  EXPECT_EQ(classify.model_id(), "m");
  EXPECT_EQ(Read<ClassifyRequest>(R"({"texts": []})").texts_size(), 0);
  EXPECT_EQ(Read<RecognizeRequest>(R"({"image_base64": "aGVsbG8="})").image(), "hello");
  EXPECT_EQ(Read<RecognizeRequest>(R"({"image": "aGVsbG8", "modelId": "x"})").image(), "hello");
  EXPECT_EQ(Read<RecognizeRequest>(R"({"image": "aGVs\u0062G8\u003d"})").image(), "hello");
}

TEST(JsonReaderTest, BodyFieldTakesAnArray) {
  ClassifyRequest request;
  const auto* items = ClassifyRequest::descriptor()->FindFieldByName("items");
  ASSERT_TRUE(JsonToField(R"([{"text":"xxx"},{"text":"y","id":"7"}])", *items, request).ok());
  ASSERT_EQ(request.items_size(), 2);
  EXPECT_EQ(request.items(1).id(), "7");
  EXPECT_EQ(JsonToField(R"({"text":"x"})", *items, request).message(), "items must be an array, not an object");
  EXPECT_EQ(JsonToField(R"([{"text":5}])", *items, request).message(), "items[0].text must be a string, not a number");
}

TEST(JsonReaderTest, NumbersInEveryForm) {
  const auto s = Read<Scalars>(
      R"({"int32Value": "-2147483648", "int64_value": "9223372036854775807", "uint32_value": 4.294967295e9,
      "uint64_value": "18446744073709551615", "sint32_value": 1e2, "sint64_value": -5.0, "fixed32_value": 0e5,
      "float_value": "-Infinity", "double_value": 1.5e300, "color": 2, "bool_value": true})");
  EXPECT_EQ(s.int32_value(), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(s.int64_value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(s.uint32_value(), std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(s.uint64_value(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(s.sint32_value(), 100);
  EXPECT_EQ(s.sint64_value(), -5);
  EXPECT_EQ(s.float_value(), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(s.double_value(), 1.5e300);
  EXPECT_EQ(s.color(), GREEN);
  EXPECT_EQ(Read<Scalars>(R"({"color": "DEEP_BLUE"})").color(), DEEP_BLUE);
  EXPECT_EQ(Read<Scalars>(R"({"color": 77})").color(), 77);
  EXPECT_TRUE(std::isnan(Read<Scalars>(R"({"double_value": "NaN"})").double_value()));
  EXPECT_EQ(Read<Scalars>(R"({"float_value": 1e-60})").float_value(), 0);
  EXPECT_TRUE(std::signbit(Read<Scalars>(R"({"double_value": -0.0})").double_value()));
}

TEST(JsonReaderTest, NumbersThatAreNoneAreRefused) {
  for (const char* value : {"2147483648", "-2147483649", "1.5", "1e-1", "1e10", "\"\"", "\" 1\"", "\"1 \"", "\"abc\"",
                            "true", "\"+1\"", "\"0x1\"", "1e99999999999", "\"01\"", "\"1_0\"", "\"NaN\""}) {
    EXPECT_EQ(Refusal<Scalars>(StrCat("{\"int32_value\": ", value, "}")).find("int32_value must be a whole number"), 0u)
        << value;
  }
  for (const char* value : {"1e39", "\"nan\"", "\"inf\"", "\"1.\"", "\".5\"", "\"\"", "false"}) {
    EXPECT_EQ(Refusal<Scalars>(StrCat("{\"float_value\": ", value, "}")).find("float_value must be a number"), 0u)
        << value;
  }
  // Not even JSON.
  for (const char* value :
       {"01", "+1", "1.", ".5", "1e", "0x1", "NaN", "Infinity", "-", "tru", "nul", "nulll", "1 2", "'a'", "1\x01"}) {
    EXPECT_NE(Refusal<Scalars>(StrCat("{\"double_value\": ", value, "}")).find("invalid JSON at byte"),
              std::string::npos)
        << value;
  }
  EXPECT_EQ(Refusal<Scalars>(R"({"bool_value": "true"})"), "bool_value must be true or false, not \"true\"");
  EXPECT_EQ(Refusal<Scalars>(R"({"color": "PURPLE"})"),
            "color must be one of COLOR_UNSPECIFIED, RED, GREEN, DEEP_BLUE, not \"PURPLE\"");
}

TEST(JsonReaderTest, HugeExponentsAndDigitsCostNothing) {
  const std::string digits(100'000, '9');
  Refusal<Scalars>(StrCat("{\"int64_value\": ", digits, "}"));
  Refusal<Scalars>(StrCat("{\"double_value\": ", digits, "}"));
  Refusal<Scalars>(StrCat("{\"int64_value\": 1e", digits, "}"));
  EXPECT_EQ(Read<Scalars>(StrCat("{\"double_value\": 1e-", digits, "}")).double_value(), 0);
  EXPECT_EQ(Read<Scalars>(StrCat("{\"int64_value\": 1.", std::string(1000, '0'), "}")).int64_value(), 1);
}

TEST(JsonReaderTest, WrongKindsNameTheField) {
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": ["a", "b", "c", 7]})"), "texts[3] must be a string, not a number");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": "a"})"), "texts must be an array, not a string");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": ["a", null]})"), "texts[1] must be a string, not null");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": [["a"]]})"), "texts[0] must be a string, not an array");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"items": [{"text": "a"}, 3]})"), "items[1] must be an object, not a number");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"([1])"), "the body must be an object, not an array");
  EXPECT_EQ(Refusal<ClassifyRequest>("null"), "the body must be an object, not null");
  EXPECT_EQ(Refusal<RecognizeRequest>(R"({"image": 5})"), "image must be a string of base64, not a number");
  EXPECT_EQ(Refusal<RecognizeRequest>(R"({"image": "@@@@"})"), "image is not base64: character 0 is '@'");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"txets": []})"),
            "txets is not a field of this request; fields here: texts, model_id, items");
  ClassifyRequest message;
  EXPECT_EQ(FieldOf(JsonToMessage(R"({"items": [{"text": "a"}, {"id": 3}]})", message)), "items[1].id");
}

TEST(JsonReaderTest, UnknownFieldsMayBeIgnoredButMustBeJson) {
  const ReadOptions ignore{.ignore_unknown_fields = true};
  ClassifyRequest message;
  EXPECT_TRUE(
      JsonToMessage(R"({"x": {"a": [1, {"b": null}], "c": "\n"}, "texts": ["a"], "y": true})", message, ignore).ok());
  EXPECT_EQ(message.texts_size(), 1);
  Refusal<ClassifyRequest>(R"({"x": [1 2]})", ignore);
  Refusal<ClassifyRequest>(R"({"x": {"a" 1}})", ignore);
  Refusal<ClassifyRequest>(R"({"x": "\ud800"})", ignore);
  Refusal<ClassifyRequest>(R"({"x": 01})", ignore);
}

TEST(JsonReaderTest, NullLeavesFieldsUnset) {
  const auto o = Read<Optionals>(R"({"int32_value": null, "string_value": null, "scalars": null, "color": null})");
  EXPECT_EQ(o.ByteSizeLong(), 0u);
  const auto known = Read<Known>(R"({"value": null, "null_value": null, "int64_wrapper": null, "any": null, )"
                                 R"("timestamps": null, "null_values": [null]})");
  EXPECT_TRUE(known.has_value());
  EXPECT_EQ(known.value().kind_case(), google::protobuf::Value::kNullValue);
  EXPECT_FALSE(known.has_int64_wrapper());
  EXPECT_EQ(known.null_values_size(), 1);
  EXPECT_EQ(Refusal<Known>(R"({"int64_wrappers": [null]})").find("int64_wrappers[0] must be"), 0u);
  EXPECT_EQ(Refusal<Maps>(R"({"by_string": {"a": null}})"), "by_string.a must be a string, not null");
}

TEST(JsonReaderTest, NullUnderAnotherNameIsNotThere) {
  EXPECT_EQ(Read<RecognizeRequest>(R"({"image": null, "image_base64": "aGk="})").image(), "hi");
  EXPECT_EQ(Read<RecognizeRequest>(R"({"image": "aGk=", "image_base64": null})").image(), "hi");
  EXPECT_EQ(Read<ClassifyRequest>(R"({"modelId": null, "model_id": "m", "texts": ["a"]})").model_id(), "m");
}

TEST(JsonReaderTest, RepeatedKeysAreRefused) {
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": [], "texts": []})"), "texts is given twice; send it once");
  EXPECT_EQ(Refusal<RecognizeRequest>(R"({"image": "", "image_base64": ""})"),
            "image_base64 is given twice; send it once");
  EXPECT_EQ(Refusal<ClassifyRequest>(R"({"texts": [], "te\u0078ts": []})"), "texts is given twice; send it once");
  EXPECT_EQ(Refusal<Maps>(R"({"by_string": {"a": "1", "a": "2"}})"), "by_string.a is given twice; send it once");
  EXPECT_EQ(Refusal<Known>(R"({"object": {"a": 1, "a": 1}})"), "object.a is given twice; send it once");
  std::string wide = "{";
  for (int i = 1; i <= 130; ++i) wide += StrCat("\"f", i, "\":", i, ",");
  EXPECT_EQ(Read<Wide>(StrCat(wide.substr(0, wide.size() - 1), "}")).f130(), 130);
  EXPECT_EQ(Refusal<Wide>(StrCat(wide, "\"f129\":1}")), "f129 is given twice; send it once");
}

TEST(JsonReaderTest, OneofTakesOneMember) {
  EXPECT_EQ(Read<Everything>(R"({"text": null, "number": 5})").number(), 5);
  EXPECT_EQ(Read<Everything>(R"({"text": ""})").choice_case(), Everything::kText);
  EXPECT_EQ(Read<Everything>(R"({"nothing": null})").choice_case(), Everything::kNothing);
  EXPECT_EQ(Refusal<Everything>(R"({"text": "a", "number": 5})").find("number cannot be given together"), 0u);
}

TEST(JsonReaderTest, MapKeys) {
  const auto m = Read<Maps>(
      R"({"by_string": {"": "e", "k\n": "v"}, "by_int32": {"-5": "RED"}, "by_uint64": {"18446744073709551615": "-3"},
      "by_bool": {"true": 0.5}, "messages": {"a": {"int32_value": 1}}, "values": {"1": [1, "x", {}]}})");
  EXPECT_EQ(m.by_string().at("k\n"), "v");
  EXPECT_EQ(m.by_int32().at(-5), RED);
  EXPECT_EQ(m.by_uint64().at(std::numeric_limits<uint64_t>::max()), -3);
  EXPECT_EQ(m.by_bool().at(true), 0.5f);
  EXPECT_EQ(m.messages().at("a").int32_value(), 1);
  EXPECT_EQ(m.values().at(1).list_value().values_size(), 3);
  for (const char* key : {"", "a", "1.0", "1e0", "01", " 1", "-0", "4294967296"}) {
    EXPECT_NE(Refusal<Maps>(StrCat("{\"by_int32\": {\"", key, "\": 1}}")).find("has a bad key"), std::string::npos)
        << key;
  }
  EXPECT_NE(Refusal<Maps>(R"({"by_bool": {"True": 1}})").find("has a bad key"), std::string::npos);
}

TEST(JsonReaderTest, WellKnownTypes) {
  const auto k = Read<Known>(
      R"({"timestamp": "2026-11-23T18:42:00.123456789+08:00", "duration": "-1.5s", "mask": "userName,photo.bigUrl",
      "empty": {}, "bool_wrapper": true, "int64_wrapper": "7", "bytes_wrapper": "AA==", "float_wrapper": "NaN",
      "any": {"int32_value": 5, "@type": "type.googleapis.com/ai.inference.testing.Scalars"},
      "anys": [{"@type": "x/google.protobuf.Duration", "value": "3s"}, {}]})");
  EXPECT_EQ(k.timestamp().seconds(), 1795430520);
  EXPECT_EQ(k.timestamp().nanos(), 123456789);
  EXPECT_EQ(k.duration().seconds(), -1);
  EXPECT_EQ(k.duration().nanos(), -500000000);
  EXPECT_EQ(k.mask().paths(1), "photo.big_url");
  EXPECT_EQ(k.bytes_wrapper().value(), std::string(1, '\0'));
  Scalars packed;
  ASSERT_TRUE(k.any().UnpackTo(&packed));
  EXPECT_EQ(packed.int32_value(), 5);
  EXPECT_EQ(k.anys(1).ByteSizeLong(), 0u);
  for (const char* json :
       {R"({"timestamp": "2026-02-30T00:00:00Z"})",
        R"({"timestamp": "2026-01-01t00:00:00z"})",
        R"({"mask": "a[b"})",
        R"({"timestamp": "2026-01-01 00:00:00Z"})",
        R"({"timestamp": 5})",
        R"({"timestamp": "2026-01-01T00:00:00"})",
        R"({"timestamp": "0000-01-01T00:00:00Z"})",
        R"({"timestamp": "0001-01-01T00:00:00+01:00"})",
        R"({"timestamp": "2026-01-01T24:00:00Z"})",
        R"({"timestamp": "2026-01-01T00:00:00.1234567890Z"})",
        R"({"duration": "1"})",
        R"({"duration": "s"})",
        R"({"duration": "315576000001s"})",
        R"({"duration": "1.s"})",
        R"({"mask": "a_b"})",
        R"({"mask": 1})",
        R"({"empty": {"a": 1}})",
        R"({"empty": 1})",
        R"({"any": {"a": 1}})",
        R"({"any": {"@type": "nope"}})",
        R"({"any": {"@type": "x/no.such.Type"}})",
        R"({"any": {"@type": "x/google.protobuf.Duration"}})",
        R"({"any": {"@type": "x/google.protobuf.Duration", "value": "1s", "value": "1s"}})",
        R"({"any": {"@type": "x/google.protobuf.Duration", "value": "1s", "more": 1}})",
        R"({"any": {"@type": "x/google.protobuf.Empty", "@type": "x/google.protobuf.Empty", "value": {}}})",
        R"({"value": 1e400})",
        R"({"list": {}})",
        R"({"object": []})",
        R"({"int32_wrapper": {"value": 1}})"}) {
    Refusal<Known>(json);
  }
}

TEST(JsonReaderTest, BadTextIsRefusedAndNamed) {
  EXPECT_EQ(Refusal<ClassifyRequest>("{\"texts\": [\"a\", \"\\ud800\"]}"),
            "texts[1] has a lone surrogate, which is not a character; send complete UTF-16 pairs");
  for (const char* text : {"\\ud800x", "\\udc00", "\\ud800\\u0041", "\\ud800\\ud800", "\\udfff\\ud800", "\\ud83d\\n"}) {
    EXPECT_NE(Refusal<ClassifyRequest>(StrCat("{\"model_id\": \"", text, "\"}")).find("model_id has a lone surrogate"),
              std::string::npos)
        << text;
  }
  for (const char* text : {"\\x", "\\u12", "\\u12g4", "\\U0041"}) {
    EXPECT_NE(Refusal<ClassifyRequest>(StrCat("{\"model_id\": \"", text, "\"}")).find("model_id has an invalid escape"),
              std::string::npos)
        << text;
  }
  for (const char* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xbd", "\x80"}) {
    EXPECT_EQ(Refusal<ClassifyRequest>(StrCat("{\"texts\": [\"好\", \"", text, "\"]}")),
              "texts[1] is not valid UTF-8 at byte 19 of the body; encode the JSON as UTF-8");
  }
  EXPECT_EQ(Refusal<ClassifyRequest>(std::string_view("{\"texts\": [\"a\0b\"]}", 18)),
            "texts[0] has a raw control character (0x00) at byte 13 of the body; write it as \\u0000");
  EXPECT_EQ(Read<ClassifyRequest>(R"({"texts": ["a\u0000b"]})").texts(0), std::string_view("a\0b", 3));
}

TEST(JsonReaderTest, ABodyCutAnywhereIsRefused) {
  const std::string json =
      R"( {"texts": ["特斯拉", "a\"\ud83d\ude00"], "model_id": "m", "items": [{"text": "x", "id": null}, {}]} )";
  Read<ClassifyRequest>(json);
  for (size_t n = 0; n + 1 < json.size(); ++n) Refusal<ClassifyRequest>(json.substr(0, n));
  const std::string known = R"({"object": {"a": [1, true, null, {"b": "c"}]}, )"
                            R"("any": {"@type": "x/google.protobuf.Duration", "value": "3s"}, )"
                            R"("timestamp": "2026-01-01T00:00:00Z"})";
  Read<Known>(known);
  for (size_t n = 0; n < known.size(); ++n) Refusal<Known>(known.substr(0, n));
}

TEST(JsonReaderTest, AByteChangedAnywhereNeverCrashes) {
  const std::string json = R"({"texts":["体","\u0041"],"items":[{"text":"x","id":"1"}]})";
  for (size_t i = 0; i < json.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string other = json;
      other[i] = static_cast<char>(c);
      ClassifyRequest message;
      (void)JsonToMessage(other, message);
    }
  }
}

TEST(JsonReaderTest, GrammarIsStrict) {
  for (const char* json : {"",
                           " ",
                           "{",
                           "}",
                           "{]",
                           "[}",
                           "{}{}",
                           "{},",
                           "{\"texts\":[],}",
                           "{\"texts\":[\"a\",]}",
                           "{\"texts\":[,]}",
                           "{,}",
                           "{\"texts\":[\"a\" \"b\"]}",
                           "{\"texts\"}",
                           "{\"texts\":}",
                           "{texts:[]}",
                           "{'texts':[]}",
                           "{\"texts\":[]} x",
                           "{\"texts\":[]]",
                           "{\"texts\":[}",
                           "{\"model_id\":\"a\"\"b\"}",
                           "{\"model_id\":\"a\"b}",
                           "{1:2}",
                           "{\"a\":1:2}",
                           "// c\n{}",
                           "{/**/}",
                           "{}\xEF\xBB\xBF",
                           "{\"model_id\":\"a\nb\"}"}) {
    Refusal<ClassifyRequest>(json);
  }
}

TEST(JsonReaderTest, DepthIsBounded) {
  const auto nested = [](int depth) {
    std::string json;
    for (int i = 1; i < depth; i += 2) json += "{\"children\":[";
    json += "{}";
    for (int i = 1; i < depth; i += 2) json += "]}";
    return json;
  };
  Read<Everything>(nested(63));
  EXPECT_NE(Refusal<Everything>(nested(65)).find("is nested deeper than 64 levels"), std::string::npos);
  const std::string arrays(1'000'000, '[');
  EXPECT_NE(Refusal<Known>(StrCat("{\"value\":", arrays, "}")).find("nested deeper"), std::string::npos);
  EXPECT_NE(Refusal<Known>(StrCat("{\"x\":", arrays, "}"), {.ignore_unknown_fields = true}).find("nested deeper"),
            std::string::npos);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"\":";
  Refusal<Known>(StrCat("{\"value\":", objects));
}

TEST(JsonReaderTest, LargeBodyAfterSmallAndBack) {
  for (const size_t n : {10, 3'000'000, 10}) {
    const std::string text(n, 'x');
    EXPECT_EQ(Read<ClassifyRequest>(StrCat("{\"texts\": [\"", text, "\"]}")).texts(0), text);
  }
}

}  // namespace
}  // namespace sluice::json
