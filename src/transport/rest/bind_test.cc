#include "transport/rest/bind.h"

#include <gtest/gtest.h>

#include "ai/inference/testing/transcode.pb.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice::rest {
namespace {

using ai::inference::testing::GetShelfRequest;

GetShelfRequest Query(std::string_view query) {
  GetShelfRequest request;
  const absl::Status status = ApplyQuery(query, request);
  EXPECT_TRUE(status.ok()) << query << "\n" << status;
  return request;
}

std::string Refusal(std::string_view query) {
  GetShelfRequest request;
  const absl::Status status = ApplyQuery(query, request);
  EXPECT_FALSE(status.ok()) << query;
  return std::string(status.message());
}

class BindTest : public testing::Test {
 protected:
  BindTest() {
    GetShelfRequest::descriptor();
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("ai.inference.testing.Library");
    for (int i = 0; i < service->method_count(); ++i) EXPECT_TRUE(router_.Add(service->method(i), i).ok());
  }

  absl::Status Bind(std::string_view verb, std::string_view path, const BindInput& input) {
    request_.Clear();
    RouteMatch match;
    RETURN_IF_ERROR(router_.Match(verb, path, match));
    return BindRequest(match, input, request_);
  }

  Router router_;
  GetShelfRequest request_;
};

TEST(QueryTest, EveryKindOfField) {
  const auto r = Query(
      "shelf=a+b%2Bc&page_size=5&filter.int64Value=-7&filter.scalars.color=RED&ids=1&ids=2&colors=GREEN&colors=1"
      "&since=2026-01-01T00:00:00Z&limit=9&mask=userName,b&filter.bytes_value=aGk&&by_number=3");
  EXPECT_EQ(r.shelf(), "a b+c");
  EXPECT_EQ(r.page_size(), 5);
  EXPECT_EQ(r.filter().int64_value(), -7);
  EXPECT_EQ(r.filter().scalars().color(), ai::inference::testing::RED);
  EXPECT_EQ(r.ids_size(), 2);
  EXPECT_EQ(r.colors(1), ai::inference::testing::RED);
  EXPECT_EQ(r.since().seconds(), 1767225600);
  EXPECT_EQ(r.limit().value(), 9);
  EXPECT_EQ(r.mask().paths(0), "user_name");
  EXPECT_EQ(r.filter().bytes_value(), "hi");
  EXPECT_EQ(r.by_number(), 3);
  EXPECT_EQ(Query("pageSize=5&shelf").page_size(), 5);
  EXPECT_EQ(Query("").ByteSizeLong(), 0u);
}

TEST(QueryTest, BadParametersAreNamed) {
  EXPECT_EQ(Refusal("page_size=ten"), "page_size must be a whole number from -2147483648 to 2147483647, not \"ten\"");
  EXPECT_EQ(Refusal("nothing=1"), "query parameter nothing is not a field of this request");
  EXPECT_EQ(Refusal("filter=1"), "query parameter filter is a message; name one of its fields, with a dot");
  EXPECT_EQ(Refusal("labels=1"), "query parameter labels is a map, which a query cannot carry; send it in a body");
  EXPECT_EQ(Refusal("shelf=a&shelf=b"), "query parameter shelf is given twice; send it once");
  EXPECT_EQ(Refusal("page_size=1&pageSize=1"), "query parameter pageSize is given twice; send it once");
  EXPECT_EQ(Refusal("by_name=a&by_number=1"),
            "query parameter by_number cannot be given together with by_name; send one");
  EXPECT_EQ(Refusal("shelf=%4"), "query parameter shelf has a broken percent escape; write %25 for a percent sign");
  EXPECT_EQ(Refusal("shelf=%FF"), "shelf must be UTF-8 text");
  EXPECT_EQ(Refusal("since=now"), "since must be a time like \"2026-01-31T10:20:30.5Z\", not \"now\"");
  EXPECT_EQ(Refusal("since=%FF").find("since "), 0u);
  for (const char* query :
       {"shelf.x=1", "ids.x=1", "items.int32_value=1", ".=1", "shelf.=1", "=1", "%FF=1", "filter..x=1"})
    Refusal(query);
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "ids=1&";
  EXPECT_NE(Refusal(many).find("more than 1000 parameters"), std::string::npos);
}

TEST_F(BindTest, BodyRules) {
  ASSERT_TRUE(Bind("POST", "/v1/shelves", {.body = R"({"shelf": "x", "ids": [1]})"}).ok());
  EXPECT_EQ(request_.shelf(), "x");
  ASSERT_TRUE(Bind("POST", "/v1/shelves:batch", {.query = "shelf=q", .body = R"([{"int32_value": 3}])"}).ok());
  EXPECT_EQ(request_.items(0).int32_value(), 3);
  EXPECT_EQ(request_.shelf(), "q");
  ASSERT_TRUE(Bind("PUT", "/v1/shelves/s%201", {.query = "page_size=2", .body = R"({"bool_value": true})"}).ok());
  EXPECT_EQ(request_.shelf(), "s 1");
  EXPECT_TRUE(request_.body().bool_value());
  EXPECT_EQ(request_.page_size(), 2);
  ASSERT_TRUE(Bind("GET", "/v1/shelves/1/books/2", {.query = "shelf=z", .body = " {} "}).ok());
  EXPECT_EQ(request_.name(), "shelves/1/books/2");
  ASSERT_TRUE(Bind("GET", "/any/1/deep", {}).ok());
  EXPECT_EQ(request_.filter().string_value(), "deep");
}

TEST_F(BindTest, ThePathWinsOverTheBody) {
  ASSERT_TRUE(Bind("POST", "/v1/shelves/path:archive", {.body = R"({"shelf": "body", "page_size": 1})"}).ok());
  EXPECT_EQ(request_.shelf(), "path");
  EXPECT_EQ(request_.page_size(), 1);
}

TEST_F(BindTest, WhatTheBindingDoesNotTakeIsRefused) {
  EXPECT_EQ(ReasonOf(Bind("GET", "/v1/shelves", {.body = "[1]"})), Reason::INVALID_BODY);
  EXPECT_EQ(FieldOf(Bind("POST", "/v1/shelves", {.query = "shelf=x", .body = "{}"})), "shelf");
  EXPECT_EQ(FieldOf(Bind("POST", "/v1/shelves:batch", {.query = "items=x", .body = "[]"})), "items");
  EXPECT_EQ(FieldOf(Bind("POST", "/v1/shelves:batch", {.body = "[{},5]"})), "items[1]");
  EXPECT_EQ(ReasonOf(Bind("GET", "/v1/shelves/%ff", {})), Reason::INVALID_REQUEST);
  EXPECT_TRUE(Bind("POST", "/v1/shelves", {}).ok());
}

}  // namespace
}  // namespace sluice::rest
