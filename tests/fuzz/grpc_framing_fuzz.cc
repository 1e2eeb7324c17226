// A gRPC request body from a hostile client through the codec, cut into pieces. Checked: no crash, no more memory than
// the bounds allow, every byte given back, an answer exactly once, and that cutting the input differently changes
// nothing.
//
// First byte: which rpc, gzip or not, how the body is cut; the rest is the body.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "api/health/service.h"
#include "api/reflection/service.h"
#include "base/testing/held_chores.h"
#include "call/call.h"
#include "transport/grpc/codec.h"
#include "transport/grpc/metadata.h"
#include "transport/grpc/testing/fake_exchange.h"

namespace sluice::grpc {
namespace {

struct Server {
  Server() {
    RegisterHealth(methods, health);
    RegisterReflection(methods);
  }
  HealthRegistry health;
  MethodTable methods;
  Chain chain;
  HeldChores chores;
  Budget budget{1 << 30, 1};
  const GrpcCodec codec{{.methods = methods,
                         .chain = chain,
                         .chores = chores,
                         .budget = budget,
                         .options = {.message_bytes_max = 100'000, .grpc_gzip_bytes_min = 64}}};

  // Until nothing is left to do.
  void Work(FakeExchange& exchange) {
    while (!chores.tasks.empty()) {
      chores.Run();
      exchange.loop_.Run();
    }
  }
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
  server.Work(exchange);
  if (exchange.consumed != body.size()) std::abort();
  handler->OnBodyEnd();
  server.Work(exchange);
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
  if (size < 1 || size > 200'000) return 0;
  const uint8_t plan = data[0];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Answer(server, plan, body, SIZE_MAX / 2);
  if (Answer(server, plan, body, (plan >> 4) + 1u) != whole) std::abort();
  if (server.budget.bytes() != 0) std::abort();
  const std::string text(body.substr(0, 1'000));
  if (PercentDecode(PercentEncode(text)) != text || DecodeBinary(EncodeBinary(text)) != text) std::abort();
  return 0;
}
