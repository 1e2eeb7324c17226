// A gRPC-Web body from a hostile page, as bytes or as base64 text, cut into pieces. Checked: no crash, every byte given
// back, an answer exactly once, and that cutting the input differently changes nothing.
//
// First byte: text or not, gzip or not, how the body is cut; the rest is the body.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "api/health/service.h"
#include "base/testing/held_chores.h"
#include "call/call.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/grpcweb/codec.h"

namespace sluice::grpcweb {
namespace {

struct Server {
  Server() { RegisterHealth(methods, health); }
  HealthRegistry health;
  MethodTable methods;
  Chain chain;
  HeldChores chores;
  Budget budget{1 << 30, 1};
  const GrpcWebCodec codec{{.methods = methods,
                            .chain = chain,
                            .chores = chores,
                            .budget = budget,
                            .options = {.message_bytes_max = 100'000, .grpc_gzip_bytes_min = 64}}};

  void Work(grpc::FakeExchange& exchange) {
    while (!chores.tasks.empty()) {
      chores.Run();
      exchange.loop_.Run();
    }
  }
};

// What the client sees.
std::string Answer(Server& server, uint8_t plan, std::string_view body, size_t step) {
  grpc::FakeExchange exchange("/grpc.health.v1.Health/Check",
                              {{"content-type", (plan & 1) != 0 ? "application/grpc-web-text" : "application/grpc-web"},
                               {"accept", (plan & 2) != 0 ? "application/grpc-web-text" : ""},
                               {"grpc-encoding", (plan & 4) != 0 ? "gzip" : "identity"}});
  const auto handler = server.codec.Start(exchange);
  for (size_t at = 0; at < body.size() && !exchange.ended; at += step) handler->OnBody(body.substr(at, step));
  server.Work(exchange);
  if (!exchange.ended) handler->OnBodyEnd();
  server.Work(exchange);
  if (!exchange.ended || exchange.heads != 1 || exchange.body.empty()) std::abort();
  handler->OnClosed(http::CloseReason::kDone);
  return exchange.body;
}

}  // namespace
}  // namespace sluice::grpcweb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::grpcweb;
  static Server server;
  if (size < 1 || size > 200'000) return 0;
  const uint8_t plan = data[0];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Answer(server, plan, body, SIZE_MAX / 2);
  if (Answer(server, plan, body, (plan >> 3) + 1u) != whole) std::abort();
  if (server.budget.bytes() != 0) std::abort();
  return 0;
}
