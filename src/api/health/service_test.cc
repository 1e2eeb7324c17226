#include "api/health/service.h"

#include <gtest/gtest.h>

#include "transport/grpc/codec.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/testing/codec_world.h"

namespace sluice {
namespace {

using grpc::FakeExchange;
using grpc::Framed;
using grpc::GrpcCodec;

using Request = ::grpc::health::v1::HealthCheckRequest;
using Response = ::grpc::health::v1::HealthCheckResponse;
using ::grpc::health::v1::HealthListResponse;

class HealthTest : public ::testing::Test, protected transport::CodecWorld {
 protected:
  HealthTest() { RegisterHealth(methods, registry); }
  FakeExchange& Call(const std::string& method, const std::string& service) {
    handler.reset();
    exchange = std::make_unique<FakeExchange>("/grpc.health.v1.Health/" + method);
    handler = codec.Start(*exchange);
    Request request;
    request.set_service(service);
    handler->OnBody(Framed(request));
    handler->OnBodyEnd();
    return *exchange;
  }
  std::vector<int> Seen() {
    exchange->loop_.Run();
    std::vector<int> out;
    for (const auto& response : exchange->Messages<Response>()) out.push_back(response.status());
    return out;
  }

  HealthRegistry registry;
  const GrpcCodec codec{context()};
  std::unique_ptr<FakeExchange> exchange;
  std::unique_ptr<http::ExchangeHandler> handler;
};

TEST_F(HealthTest, CheckAnswersForServerAndServices) {
  EXPECT_EQ(Call("Check", "").Messages<Response>().at(0).status(), Response::SERVING);
  EXPECT_EQ(Call("Check", "grpc.health.v1.Health").Messages<Response>().at(0).status(), Response::SERVING);
  registry.SetServing("a.B", false);
  EXPECT_EQ(Call("Check", "a.B").Messages<Response>().at(0).status(), Response::NOT_SERVING);
  EXPECT_EQ(Call("Check", "no.Such").grpc_status(), "5");
}

TEST_F(HealthTest, ListAnswersForAll) {
  registry.SetServing("a.B", false);
  const auto response = Call("List", "").Messages<HealthListResponse>().at(0);
  EXPECT_EQ(response.statuses_size(), 3);
  EXPECT_EQ(response.statuses().at("").status(), Response::SERVING);
  EXPECT_EQ(response.statuses().at("a.B").status(), Response::NOT_SERVING);
}

TEST_F(HealthTest, WatchTellsThePresentAndEveryChange) {
  FakeExchange& e = Call("Watch", "a.B");
  EXPECT_EQ(Seen(), std::vector<int>{Response::SERVICE_UNKNOWN});
  registry.SetServing("a.B", true);
  registry.SetServing("c.D", false);
  EXPECT_EQ(Seen(), (std::vector<int>{Response::SERVICE_UNKNOWN, Response::SERVING}));
  registry.SetServing("a.B", true);
  EXPECT_EQ(Seen().size(), 2u) << "no news is no message";
  EXPECT_FALSE(e.ended);
  registry.SetAllNotServing();
  EXPECT_EQ(Seen(), (std::vector<int>{Response::SERVICE_UNKNOWN, Response::SERVING, Response::NOT_SERVING}));
  EXPECT_EQ(e.grpc_status(), "14");
  registry.SetServing("a.B", true);
  EXPECT_EQ(registry.Get("a.B"), Response::NOT_SERVING) << "for good";
}

// It waits for news for as long as it likes, and so it holds little.
TEST_F(HealthTest, AWatchStaysAndHoldsNothing) {
  FakeExchange& e = Call("Watch", std::string(500, 'a'));
  e.loop_.Advance(std::chrono::hours(24));
  EXPECT_FALSE(e.ended);
  EXPECT_EQ(budget.bytes(), 0u);
  EXPECT_EQ(Call("Watch", std::string(600, 'a')).grpc_status(), "3");
  EXPECT_EQ(Call("Watch", std::string(70'000, 'a')).grpc_status(), "8");
}

TEST_F(HealthTest, AWatchThatWentAwayIsForgotten) {
  Call("Watch", "");
  handler->OnClosed(http::CloseReason::kReset);
  registry.SetServing("", false);
  exchange->loop_.Run();
  EXPECT_EQ(exchange->Messages<Response>().size(), 1u);
}

}  // namespace
}  // namespace sluice
