#include "transport/http/cors.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

RequestHead Head(std::string method, std::initializer_list<Headers::Field> fields) {
  RequestHead head;
  head.method = std::move(method);
  head.authority = "api.example:8000";
  for (const auto& [name, value] : fields) head.headers.Add(name, value);
  return head;
}

const CorsRules kRules = {
    .allowed_headers = {"content-type", "x-a"}, .exposed_headers = {"grpc-status"}, .max_age_s = 60};

TEST(CorsTest, OnlyForeignOriginsGetHeaders) {
  for (const RequestHead& head : {Head("POST", {}), Head("POST", {{"origin", "http://api.example:8000"}})}) {
    Headers answer;
    AddCors(head, kRules, answer);
    EXPECT_TRUE(answer.empty());
  }
  Headers answer;
  AddCors(Head("POST", {{"origin", "https://app.example"}}), kRules, answer);
  EXPECT_EQ(answer.Get("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(answer.Get("access-control-expose-headers"), "grpc-status");
  EXPECT_EQ(answer.Get("vary"), "origin") << "or a cache would give one page's answer to another";
  EXPECT_FALSE(answer.Find("access-control-allow-credentials"));
}

TEST(CorsTest, Preflight) {
  EXPECT_FALSE(IsPreflight(Head("OPTIONS", {{"origin", "https://a"}})));
  EXPECT_FALSE(IsPreflight(Head("POST", {{"origin", "https://a"}, {"access-control-request-method", "POST"}})));
  const RequestHead head = Head("OPTIONS", {{"origin", "https://a"},
                                            {"access-control-request-method", "POST"},
                                            {"access-control-request-headers", "x-b, x-c"}});
  EXPECT_TRUE(IsPreflight(head));
  Headers answer;
  AddPreflight(head, kRules, answer);
  EXPECT_EQ(answer.Get("access-control-allow-headers"), "content-type, x-a");
  EXPECT_EQ(answer.Get("access-control-max-age"), "60");
  Headers any;
  AddPreflight(head, {.allowed_headers = {"*"}}, any);
  EXPECT_EQ(any.Get("access-control-allow-headers"), "x-b, x-c");
}

}  // namespace
}  // namespace sluice::http
