// A gRPC request body from a hostile client through the codec, cut into pieces. Checked: no crash, no more memory than
// the bounds allow, every byte given back, an answer exactly once, and that cutting the input differently changes
// nothing.
//
// First byte: which rpc, gzip or not, how the body is cut; the rest is the body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/health/service.h"
#include "api/reflection/service.h"
#include "call/call.h"
#include "tests/fuzz/planned_body.h"
#include "transport/grpc/codec.h"
#include "transport/grpc/metadata.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/testing/codec_world.h"

namespace sluice::grpc {
namespace {

struct Server : transport::CodecWorld {
  Server() {
    RegisterHealth(methods, health);
    RegisterReflection(methods);
  }
  HealthRegistry health;
  const GrpcCodec codec{context({.message_bytes_max = 100'000, .grpc_gzip_bytes_min = 64})};
};

// What the client sees.
std::string Answer(Server& server, uint8_t plan, std::string_view body, size_t step) {
  static constexpr const char* kPaths[] = {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List",
                                           "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                           "/grpc.health.v1.Health/Check"};
  FakeExchange exchange(kPaths[plan & 3], {{"grpc-encoding", (plan & 4) != 0 ? "gzip" : "identity"},
                                           {"grpc-accept-encoding", (plan & 8) != 0 ? "gzip" : ""}});
  const auto handler = server.codec.Start(exchange);
  for (size_t at = 0; at < body.size(); at += step) handler->OnBody(body.substr(at, step));
  server.Work(exchange.loop_);
  if (exchange.consumed != body.size()) std::abort();
  handler->OnBodyEnd();
  server.Work(exchange.loop_);
  if (!exchange.ended || exchange.heads != 1 || exchange.grpc_status().empty()) std::abort();
  handler->OnClosed(http::CloseReason::kDone);
  const std::string outcome = exchange.grpc_status() + exchange.grpc_message();
  return (plan & 3) == 1 ? outcome : outcome + exchange.body;  // List answers with a map, whose order is free
}

}  // namespace
}  // namespace sluice::grpc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::grpc;
  static Server server;
  const auto input = sluice::PlannedBody::Of(data, size);
  if (!input) return 0;
  input->CheckCuts(server, Answer, /*step=*/(input->plan >> 4) + 1u);
  const std::string text(input->body.substr(0, 1'000));
  if (PercentDecode(PercentEncode(text)) != text || DecodeBinary(EncodeBinary(text)) != text) std::abort();
  return 0;
}
