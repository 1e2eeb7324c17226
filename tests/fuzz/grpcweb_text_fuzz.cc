// A gRPC-Web body from a hostile page, as bytes or as base64 text, cut into pieces. Checked: no crash, every byte given
// back, an answer exactly once, and that cutting the input differently changes nothing.
//
// First byte: text or not, gzip or not, how the body is cut; the rest is the body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/health/service.h"
#include "call/call.h"
#include "tests/fuzz/planned_body.h"
#include "transport/grpc/testing/fake_exchange.h"
#include "transport/grpcweb/codec.h"
#include "transport/testing/codec_world.h"

namespace sluice::grpcweb {
namespace {

struct Server : transport::CodecWorld {
  Server() { RegisterHealth(methods, health); }
  HealthRegistry health;
  const GrpcWebCodec codec{context({.message_bytes_max = 100'000, .grpc_gzip_bytes_min = 64})};
};

// What the client sees.
std::string Answer(Server& server, uint8_t plan, std::string_view body, size_t step) {
  grpc::FakeExchange exchange("/grpc.health.v1.Health/Check",
                              {{"content-type", (plan & 1) != 0 ? "application/grpc-web-text" : "application/grpc-web"},
                               {"accept", (plan & 2) != 0 ? "application/grpc-web-text" : ""},
                               {"grpc-encoding", (plan & 4) != 0 ? "gzip" : "identity"}});
  const auto handler = server.codec.Start(exchange);
  for (size_t at = 0; at < body.size() && !exchange.ended; at += step) handler->OnBody(body.substr(at, step));
  server.Work(exchange.loop_);
  if (!exchange.ended) handler->OnBodyEnd();
  server.Work(exchange.loop_);
  if (!exchange.ended || exchange.heads != 1 || exchange.body.empty()) std::abort();
  handler->OnClosed(http::CloseReason::kDone);
  return exchange.body;
}

}  // namespace
}  // namespace sluice::grpcweb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static sluice::grpcweb::Server server;
  const auto input = sluice::PlannedBody::Of(data, size);
  if (input) input->CheckCuts(server, sluice::grpcweb::Answer, /*step=*/(input->plan >> 3) + 1u);
  return 0;
}
