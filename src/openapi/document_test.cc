// The document of the Library service, whose rules have every shape; JSON is read back with our own reader.
#include "openapi/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ai/inference/testing/transcode.pb.h"
#include "base/strings.h"
#include "google/protobuf/struct.pb.h"
#include "json/reader.h"
#include "json/writer.h"
#include "openapi/comments.h"

namespace sluice::openapi {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class DocumentTest : public testing::Test {
 protected:
  DocumentTest() {
    const auto* service = ai::inference::testing::Scalars::descriptor()->file()->FindServiceByName("Library");
    for (int i = 0; i < service->method_count(); ++i) methods_.Add(service->method(i), nullptr);
    const absl::Status read = json::JsonToMessage(MakeDocument(methods_, "1.2.3"), document_, {.depth_max = 100});
    EXPECT_TRUE(read.ok()) << read;
  }

  // Members by name from the top; an unset value when one is missing.
  const Value& At(const std::vector<std::string>& keys) const {
    const Struct* at = &document_;
    const Value* value = &Value::default_instance();
    for (const std::string& key : keys) {
      const auto found = at->fields().find(key);
      if (found == at->fields().end()) return Value::default_instance();
      value = &found->second;
      at = &value->struct_value();
    }
    return *value;
  }

  std::string Text(const std::vector<std::string>& keys) const {
    std::string out;
    json::MessageToJson(At(keys), out);
    return out;
  }

  std::vector<std::string> ParameterNames(const std::string& path, const std::string& verb,
                                          const std::string& in) const {
    std::vector<std::string> names;
    for (const Value& one : At({"paths", path, verb, "parameters"}).list_value().values()) {
      const auto& fields = one.struct_value().fields();
      if (fields.contains("in") && fields.at("in").string_value() == in)
        names.push_back(fields.at("name").string_value());
    }
    return names;
  }

  MethodTable methods_;
  Struct document_;
};

TEST_F(DocumentTest, PathsAreThoseOfTheRules) {
  std::vector<std::string> paths;
  for (const auto& [path, item] : At({"paths"}).struct_value().fields()) paths.push_back(path);
  EXPECT_THAT(paths,
              UnorderedElementsAre("/v1/shelves", "/v1/shelves/{shelf}", "/v1/shelves/{name}/books/{name_2}",
                                   "/v1/shelves/top", "/v1/shelves:batch", "/v1/shelves/{shelf}:archive",
                                   "/files/{name}", "/files/{name}:purge", "/any/{segment}/{filter.string_value}"));
  EXPECT_EQ(Text({"paths", "/v1/shelves", "get", "operationId"}), "\"Library_ListShelves\"");
  EXPECT_EQ(Text({"paths", "/v1/shelves", "head", "operationId"}), "\"Library_HeadShelf\"");
  EXPECT_EQ(Text({"paths", "/v1/shelves/{shelf}", "put", "operationId"}), "\"Library_GetShelf_3\"");
}

TEST_F(DocumentTest, ParametersComeFromPathAndQuery) {
  EXPECT_THAT(ParameterNames("/v1/shelves/{name}/books/{name_2}", "get", "path"), ElementsAre("name", "name_2"));
  const auto query = ParameterNames("/v1/shelves/{shelf}", "get", "query");
  EXPECT_THAT(query, testing::Contains("filter.string_value"));
  EXPECT_THAT(query, testing::Contains("since"));
  EXPECT_THAT(query, testing::Not(testing::Contains("shelf")));
  EXPECT_THAT(query, testing::Not(testing::Contains("labels"))) << "maps cannot come in the query";
  EXPECT_THAT(ParameterNames("/v1/shelves/{shelf}:archive", "post", "query"), ElementsAre());
}

TEST_F(DocumentTest, BodiesAreWhatTheRuleSays) {
  const std::vector<std::string> schema = {"requestBody", "content", "application/json", "schema"};
  const auto body = [&](const std::string& path, const std::string& verb) {
    std::vector<std::string> keys = {"paths", path, verb};
    keys.insert(keys.end(), schema.begin(), schema.end());
    return Text(keys);
  };
  EXPECT_EQ(body("/v1/shelves/{shelf}:archive", "post"), R"({"$ref":"#/components/schemas/testing.GetShelfRequest"})");
  EXPECT_EQ(At({"paths", "/v1/shelves", "get", "requestBody"}).kind_case(), Value::KIND_NOT_SET);
  EXPECT_NE(body("/v1/shelves:batch", "post").find(R"("type":"array")"), std::string::npos);
}

TEST_F(DocumentTest, SentAndAnsweredFormsDiffer) {
  const auto field = [&](const std::string& schema, const std::string& name) {
    return Text({"components", "schemas", schema, "properties", name});
  };
  const bool both = At({"components", "schemas", "testing.Scalars.Input"}).has_struct_value();
  ASSERT_TRUE(both) << "Scalars is sent and answered";
  EXPECT_THAT(field("testing.Scalars", "int64_value"), testing::HasSubstr(R"("type":"string")"));
  EXPECT_NE(field("testing.Scalars.Input", "int64_value").find("\"integer\""), std::string::npos);
  EXPECT_NE(field("testing.Scalars.Input", "string_value").find(R"(["string","null"])"), std::string::npos);
  EXPECT_EQ(Text({"components", "schemas", "testing.Scalars.Input", "additionalProperties"}), "false");
}

TEST_F(DocumentTest, ItIsTheSameEveryTime) { EXPECT_EQ(MakeDocument(methods_, "1"), MakeDocument(methods_, "1")); }

TEST(CommentsTest, OfEveryKind) {
  const Comments comments(kDescriptorSet);
  EXPECT_EQ(comments.SummaryOf("grpc.health.v1.Health.Check"), "One answer; an unknown service is NOT_FOUND");
  EXPECT_EQ(comments.Of("ai.inference.Reason.MODEL_FAILED"), "The model's run failed.");
  EXPECT_EQ(comments.Of("ai.inference.Face.confidence"), "Calibrated: 0.5 means the same for every model.");
  EXPECT_EQ(comments.Of("grpc.health.v1.HealthCheckResponse.ServingStatus.SERVICE_UNKNOWN"), "Only used by Watch.");
  EXPECT_EQ(comments.Of("nothing.of.the.kind"), "");
}

TEST(CommentsTest, GarbageIsNoComment) { EXPECT_EQ(Comments("\x0a\xff garbage").Of("x"), ""); }

}  // namespace
}  // namespace sluice::openapi
