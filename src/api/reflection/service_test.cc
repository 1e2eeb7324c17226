#include "api/reflection/service.h"

#include <gtest/gtest.h>

#include <set>

#include "api/health/service.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "transport/grpc/codec.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/testing/codec_world.h"

namespace sluice {
namespace {

using grpc::FakeExchange;
using grpc::Framed;
using grpc::GrpcCodec;

using Request = ::grpc::reflection::v1::ServerReflectionRequest;
using Response = ::grpc::reflection::v1::ServerReflectionResponse;

class ReflectionTest : public ::testing::Test, protected transport::CodecWorld {
 protected:
  ReflectionTest() {
    RegisterHealth(methods, registry);
    RegisterReflection(methods);
  }
  // All on one stream; the versions are the same on the wire.
  std::vector<Response> Ask(const std::vector<Request>& requests, const std::string& version = "v1") {
    FakeExchange exchange("/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo");
    const auto handler = codec.Start(exchange);
    for (const auto& request : requests) handler->OnBody(Framed(request));
    handler->OnBodyEnd();
    EXPECT_EQ(exchange.grpc_status(), "0");
    return exchange.Messages<Response>();
  }
  static std::set<std::string> Files(const Response& response) {
    std::set<std::string> names;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      file.ParseFromString(bytes);
      names.insert(file.name());
    }
    return names;
  }

  HealthRegistry registry;
  const GrpcCodec codec{context()};
};

TEST_F(ReflectionTest, ListsWhatIsServed) {
  Request request;
  request.set_list_services("*");
  request.set_host("h");
  for (const char* version : {"v1", "v1alpha"}) {
    const auto response = Ask({request}, version).at(0);
    EXPECT_EQ(response.valid_host(), "h");
    EXPECT_EQ(response.original_request().list_services(), "*");
    ASSERT_EQ(response.list_services_response().service_size(), 3);
    EXPECT_EQ(response.list_services_response().service(0).name(), "grpc.health.v1.Health");
  }
}

TEST_F(ReflectionTest, FilesComeWithTheirImportsOncePerStream) {
  Request symbol;
  symbol.set_file_containing_symbol("google.rpc.Status");
  Request name;
  name.set_file_by_filename("google/protobuf/any.proto");
  const auto responses = Ask({symbol, symbol, name});
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(Files(responses[0]), (std::set<std::string>{"google/rpc/status.proto", "google/protobuf/any.proto"}));
  EXPECT_EQ(Files(responses[1]), (std::set<std::string>{"google/rpc/status.proto"}));
  EXPECT_EQ(Files(responses[2]), (std::set<std::string>{"google/protobuf/any.proto"}));
}

TEST_F(ReflectionTest, SymbolsOfEveryKind) {
  for (const char* symbol : {"grpc.health.v1.Health", "grpc.health.v1.Health.Check",
                             "grpc.health.v1.HealthCheckRequest", "grpc.health.v1.HealthCheckResponse.ServingStatus"}) {
    Request request;
    request.set_file_containing_symbol(symbol);
    EXPECT_EQ(Files(Ask({request}).at(0)).count("grpc/health/v1/health.proto"), 1u) << symbol;
  }
}

TEST_F(ReflectionTest, Extensions) {
  Request all;
  all.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  const auto numbers = Ask({all}).at(0).all_extension_numbers_response();
  const std::set<int> found(numbers.extension_number().begin(), numbers.extension_number().end());
  EXPECT_EQ(found.count(81900), 1u);
  Request one;
  one.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  one.mutable_file_containing_extension()->set_extension_number(81900);
  EXPECT_EQ(Files(Ask({one}).at(0)).count("ai/inference/options.proto"), 1u);
}

// protobuf's pool looks for every prefix of a name: this takes it minutes.
TEST_F(ReflectionTest, LongNamesAreLookedUpAtOnce) {
  std::vector<Request> requests(4);
  for (const std::string& name :
       {std::string(60'000, '.'), std::string("grpc.health.v1.Health.") + std::string(60'000, 'x')}) {
    requests[0].set_file_containing_symbol(name);
    requests[1].set_file_by_filename(name);
    requests[2].set_all_extension_numbers_of_type(name);
    requests[3].mutable_file_containing_extension()->set_containing_type(name);
    for (const Response& response : Ask(requests)) {
      EXPECT_EQ(response.error_response().error_code(), 5);
      EXPECT_LT(response.error_response().error_message().size(), 300u);
    }
  }
}

TEST_F(ReflectionTest, WhatIsNotThereIsAnErrorInTheStream) {
  Request symbol;
  symbol.set_file_containing_symbol("no.such.Thing");
  Request nothing;
  const auto responses = Ask({symbol, nothing});
  EXPECT_EQ(responses.at(0).error_response().error_code(), 5);
  EXPECT_EQ(responses.at(1).error_response().error_code(), 3);
}

}  // namespace
}  // namespace sluice
