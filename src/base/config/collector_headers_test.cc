#include "base/config/collector_headers.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

TEST(CollectorHeadersTest, OpenTelemetrysList) {
  EXPECT_EQ(*ParseCollectorHeaders(""), Lines());
  EXPECT_EQ(*ParseCollectorHeaders("api-key=s3cret"), Lines({"api-key=s3cret"}));
  EXPECT_EQ(*ParseCollectorHeaders(" Authorization = Basic%20dXM6cA== ,, x=a%2Cb%3d "),
            Lines({"Authorization=Basic dXM6cA==", "x=a,b="}));
  EXPECT_EQ(*ParseCollectorHeaders("x="), Lines({"x="}));
}

TEST(CollectorHeadersTest, WhatIsNoHeaderIsNotShown) {
  for (const char* bad :
       {"s3cret", "=s3cret", "a b=s3cret", "x=s3cret%", "x=s3cret%2", "x=s3cret%zz", "x=s3cret%-1",
        "x=s3cret%0d%0aHost:%20y", "x=s3cret%00", "Content-Type=s3cret", "host=s3cret", "x%0a=s3cret"}) {
    const auto headers = ParseCollectorHeaders(bad);
    ASSERT_FALSE(headers.ok()) << bad;
    EXPECT_EQ(headers.status().message().find("s3cret"), std::string::npos) << headers.status();
  }
  EXPECT_TRUE(CheckCollectorHeader("x=a=b c").ok());
  EXPECT_FALSE(CheckCollectorHeader("x").ok());
}

}  // namespace
}  // namespace sluice
