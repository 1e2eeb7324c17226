#include "transport/grpcweb/codec.h"

#include <gtest/gtest.h>

#include "base/testing/held_chores.h"
#include "call/unary.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "json/base64.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/testing/codec_world.h"

namespace sluice::grpcweb {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::grpc::reflection::v1::ServerReflectionRequest;

constexpr const char* kCheck = "/grpc.health.v1.Health/Check";

class GrpcWebCodecTest : public testing::Test {
 protected:
  GrpcWebCodecTest() {
    const auto* health = HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
    world_.methods.Add(
        health->FindMethodByName("Check"),
        Unary<HealthCheckRequest>([](std::shared_ptr<Call> call, std::unique_ptr<HealthCheckRequest> request) {
          if (request->service() == "bad") return call->Fail(absl::NotFoundError("no\r\nsuch: thing"));
          HealthCheckResponse response;
          response.set_status(HealthCheckResponse::SERVING);
          call->Reply(response);
        }));
    world_.methods.Add(ServerReflectionRequest::descriptor()->file()->FindServiceByName("ServerReflection")->method(0),
                       [](Call&) { return std::unique_ptr<CallHandler>(); });
  }

  grpc::FakeExchange& Ask(std::string path, std::string_view type, std::string_view body) {
    handler_.reset();
    exchange_ = std::make_unique<grpc::FakeExchange>(std::move(path),
                                                     std::initializer_list<Headers::Field>{{"content-type", type}});
    EXPECT_TRUE(codec_.Matches(exchange_->head()));
    handler_ = codec_.Start(*exchange_);
    for (const char byte : body) {
      if (!exchange_->ended) handler_->OnBody(std::string_view(&byte, 1));
    }
    if (!exchange_->ended) handler_->OnBodyEnd();
    EXPECT_TRUE(exchange_->ended);
    return *exchange_;
  }
  static std::string Question(std::string service) {
    HealthCheckRequest request;
    request.set_service(std::move(service));
    return grpc::Framed(request);
  }
  static std::string Base64(std::string_view bytes) {
    std::string text;
    json::Base64Encode(bytes, text);
    return text;
  }

  transport::CodecWorld world_;
  const GrpcWebCodec codec_{world_.context()};
  std::unique_ptr<grpc::FakeExchange> exchange_;
  std::unique_ptr<http::ExchangeHandler> handler_;
};

const std::string kServing("\0\0\0\0\2\x08\1", 7);
const std::string kOk = std::string("\x80\0\0\0\x10", 5) + "grpc-status: 0\r\n";

TEST_F(GrpcWebCodecTest, TheTrailersAreTheLastFrame) {
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto"}) {
    auto& exchange = Ask(kCheck, type, Question(""));
    EXPECT_EQ(exchange.body, kServing + kOk);
    EXPECT_EQ(exchange.headers.Get("content-type"), "application/grpc-web+proto");
    EXPECT_EQ(exchange.consumed, Question("").size());
  }
}

TEST_F(GrpcWebCodecTest, TextIsBase64BothWays) {
  const std::string request = Base64(Question(""));
  auto& exchange = Ask(kCheck, "application/grpc-web-text", request);
  EXPECT_EQ(exchange.body, Base64(kServing) + Base64(kOk));
  EXPECT_EQ(exchange.headers.Get("content-type"), "application/grpc-web-text+proto");
  EXPECT_EQ(exchange.consumed, request.size());
}

// What we keep of it would look as if we, and not the client, held the body up.
TEST_F(GrpcWebCodecTest, AnUnfinishedGroupIsGivenBack) {
  exchange_ = std::make_unique<grpc::FakeExchange>(
      kCheck, std::initializer_list<Headers::Field>{{"content-type", "application/grpc-web-text"}});
  handler_ = codec_.Start(*exchange_);
  size_t sent = 0;
  for (const std::string_view piece : {"A", "A", "A", "AA", "AAA"}) {
    handler_->OnBody(piece);
    sent += piece.size();
    EXPECT_EQ(exchange_->consumed, sent) << "an unfinished message, too, is copied";
  }
  EXPECT_TRUE(handler_->AwaitsBody());
}

TEST_F(GrpcWebCodecTest, ErrorsAreInTheBodyWherePagesCanRead) {
  auto& exchange = Ask(kCheck, "application/grpc-web+proto", Question("bad"));
  EXPECT_EQ(exchange.status, 200);
  EXPECT_TRUE(exchange.body.starts_with('\x80'));
  EXPECT_NE(exchange.body.find("grpc-status: 5\r\n"), std::string::npos);
  EXPECT_NE(exchange.body.find("grpc-message: no%0D%0Asuch: thing\r\n"), std::string::npos) << exchange.body;
}

TEST_F(GrpcWebCodecTest, Refusals) {
  const struct {
    std::string path, type, body, status;
  } cases[] = {
      {"/nobody/Knows", "application/grpc-web+proto", Question(""), "12"},
      {kCheck, "application/grpc-web+json", "{}", "12"},
      {kCheck, "application/grpc-web-text", "!!!!", "3"},
      {kCheck, "application/grpc-web-text", Base64(Question("")) + "AA", "3"},
      {kCheck, "application/grpc-web+proto", std::string("\x80\0\0\0\0", 5), "13"},
      {kCheck, "application/grpc-web+proto", "", "13"},
      {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "application/grpc-web+proto", "", "12"},
  };
  for (const auto& c : cases) {
    auto& exchange = Ask(c.path, c.type, c.body);
    std::string body = exchange.body;
    if (c.type == "application/grpc-web-text") {
      std::string decoded;
      json::Base64Decode(body, decoded);
      body = decoded;
    }
    EXPECT_NE(body.find("grpc-status: " + c.status + "\r\n"), std::string::npos)
        << c.path << " " << c.type << " " << body;
  }
}

TEST_F(GrpcWebCodecTest, MatchesOnlyItsOwn) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/json", ""}) {
    const grpc::FakeExchange exchange(kCheck, {{"content-type", type}});
    EXPECT_FALSE(codec_.Matches(exchange.head())) << type;
  }
}

}  // namespace
}  // namespace sluice::grpcweb
