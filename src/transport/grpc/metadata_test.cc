#include "transport/grpc/metadata.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "transport/grpc/status.h"

namespace sluice::grpc {
namespace {

TEST(MetadataTest, MessagesArePercentEncoded) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain text, 1+1=2", "plain text, 1+1=2"},
      {"100%", "100%25"},
      {"a\nb\tc", "a%0Ab%09c"},
      {"\t\ntest with whitespace\r\nand Unicode BMP ☺", "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA"},
      {"服务繁忙", "%E6%9C%8D%E5%8A%A1%E7%B9%81%E5%BF%99"},
      {"", ""},
  };
  for (const auto& [text, encoded] : cases) {
    EXPECT_EQ(PercentEncode(text), encoded);
    EXPECT_EQ(PercentDecode(encoded), text);
  }
  EXPECT_EQ(PercentDecode("%zz%4"), "%zz%4") << "decoding never fails";
}

TEST(MetadataTest, BinaryValuesHaveNoPaddingAndTakeSome) {
  EXPECT_EQ(EncodeBinary(std::string("\xab\xab\xab\xab", 4)), "q6urqw");
  EXPECT_EQ(DecodeBinary("q6urqw"), std::string("\xab\xab\xab\xab", 4));
  EXPECT_EQ(DecodeBinary("q6urqw=="), std::string("\xab\xab\xab\xab", 4));
  EXPECT_EQ(DecodeBinary(""), "");
  EXPECT_FALSE(DecodeBinary("not base64!").has_value());
}

TEST(MetadataTest, ReservedNames) {
  for (const char* name : {":path", "grpc-status", "grpc-anything", "content-type", "te", "user-agent"}) {
    EXPECT_TRUE(IsReservedName(name)) << name;
  }
  for (const char* name : {"x-request-id", "authorization", "my-bin", "grpcx"})
    EXPECT_FALSE(IsReservedName(name)) << name;
}

TEST(StatusTest, OkIsOneField) {
  Headers trailers;
  AddStatus(absl::OkStatus(), {.request_id = "id"}, trailers);
  EXPECT_EQ(trailers.size(), 1u);
  EXPECT_EQ(trailers.Get("grpc-status"), "0");
}

TEST(StatusTest, AnErrorCarriesDetailsAndPushback) {
  absl::Status status = Error(Reason::OVERLOADED, "服务繁忙,请稍后重试");
  SetRetryAfter(status, absl::Milliseconds(1500));
  Headers trailers;
  AddStatus(status, {.request_id = "id-1", .trace_id = "4bf9"}, trailers);
  EXPECT_EQ(trailers.Get("grpc-status"), "14");
  EXPECT_EQ(PercentDecode(trailers.Get("grpc-message")), "服务繁忙,请稍后重试");
  EXPECT_EQ(trailers.Get("grpc-retry-pushback-ms"), "1500");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(*DecodeBinary(trailers.Get("grpc-status-details-bin"))));
  EXPECT_EQ(details.code(), 14);
  EXPECT_EQ(details.message(), "服务繁忙,请稍后重试");
  ASSERT_EQ(details.details_size(), 3);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.metadata().at("trace_id"), "4bf9");
}

TEST(StatusTest, WhateverAMessageIsMadeOfTheDetailsCanBeRead) {
  Headers trailers;
  AddStatus(absl::UnavailableError("no '\xff\xe8\xbc'"), {.request_id = "id"}, trailers);
  EXPECT_EQ(trailers.Get("grpc-message"), "no '%EF%BF%BD%EF%BF%BD%EF%BF%BD'");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(*DecodeBinary(trailers.Get("grpc-status-details-bin"))));
  EXPECT_EQ(details.message(), PercentDecode(trailers.Get("grpc-message")));
}

TEST(StatusTest, LongMessagesStayWithinWhatClientsTake) {
  Headers trailers;
  AddStatus(Error(Reason::INTERNAL, std::string(100'000, 'x')), {.request_id = "id"}, trailers);
  EXPECT_LT(trailers.bytes(), 8'000u);
}

}  // namespace
}  // namespace sluice::grpc
