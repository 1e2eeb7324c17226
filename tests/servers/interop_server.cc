// The transport alone, with grpc.testing.TestService, health and reflection: what grpc-go's interop client, h2spec and
// benchmarks of the framework talk to.
//
//   interop_server [--port=N] [--loops=N] [--gzip]
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string_view>
#include <vector>

#include "api/health/service.h"
#include "api/reflection/service.h"
#include "base/asio_loop.h"
#include "call/layers/deadline/deadline.h"
#include "call/testing/layer_context.h"
#include "tests/servers/test_service.h"
#include "transport/grpc/codec.h"
#include "transport/http/server.h"

namespace sluice {
namespace {

// gRPC, and 404 for the rest.
class GrpcDispatcher final : public http::Dispatcher {
 public:
  explicit GrpcDispatcher(const transport::Context& context) : codec_(context) {}
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) override {
    if (codec_.Matches(exchange.head())) return codec_.Start(exchange);
    return std::make_unique<PlainHandler>(exchange, 404);
  }
  std::unique_ptr<http::ExchangeHandler> Refuse(http::Exchange& exchange, const absl::Status& status) override {
    if (codec_.Matches(exchange.head())) return codec_.Refuse(exchange, status);
    return std::make_unique<PlainHandler>(exchange, 503);
  }

 private:
  // Reads the whole request, as a server that does something would, and answers it with a few bytes.
  class PlainHandler final : public http::ExchangeHandler {
   public:
    PlainHandler(http::Exchange& exchange, int status) : exchange_(exchange), status_(status) {}
    void OnBody(std::string_view bytes) override { exchange_.ConsumeBody(bytes.size()); }
    void OnBodyEnd() override {
      Headers headers;
      headers.Add("content-type", "text/plain");
      exchange_.SendHead(status_, headers, false);
      exchange_.SendBody("this server speaks gRPC\n", true);
    }
    void OnClosed(http::CloseReason) override {}

   private:
    http::Exchange& exchange_;
    const int status_;
  };
  grpc::GrpcCodec codec_;
};

// Large messages are parsed on a thread of their own.
class ChoresThread final : public Chores {
 public:
  ChoresThread() : loop_("chores") { loop_.Start(); }
  void Post(const ChoreOwner& owner, Task task) override { loop_.Post(std::move(task)); }
  bool TryPost(const ChoreOwner& owner, Task& task) override {
    Post(owner, std::move(task));
    return true;
  }

 private:
  AsioLoop loop_;
};

struct Flags {
  int port = 0;
  int loops = 1;
  bool gzip = false;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg.starts_with("--port=")) flags.port = std::atoi(argv[i] + 7);
    if (arg.starts_with("--loops=")) flags.loops = std::atoi(argv[i] + 8);
    if (arg == "--gzip") flags.gzip = true;
  }
  return flags;
}

int Run(const Flags& flags) {
  std::vector<std::unique_ptr<AsioLoop>> loops;
  std::vector<AsioLoop*> pointers;
  for (int i = 0; i < flags.loops; ++i) {
    loops.push_back(std::make_unique<AsioLoop>("loop-" + std::to_string(i)));
    loops.back()->Start();
    pointers.push_back(loops.back().get());
  }
  http::ServerOptions options;
  options.listeners.push_back(
      {.address = "127.0.0.1:" + std::to_string(flags.port), .tls = {}, .allowed_hosts = {"*"}, .allowed_origins = {}});
  Budget budget(options.limits.inflight_bytes_max, options.limits.connections_max);
  MethodTable methods;
  TestLayerContext layers;
  layers.options.mutable_deadlines()->set_default_ms(30'000);
  Chain chain;
  chain.push_back(std::make_unique<DeadlineLayer>(layers.On(*loops[0])));
  HealthRegistry health;
  testing::RegisterTestService(methods);
  RegisterHealth(methods, health);
  RegisterReflection(methods);
  ChoresThread chores;
  GrpcDispatcher dispatcher({.methods = methods,
                             .chain = chain,
                             .chores = chores,
                             .budget = budget,
                             .options = {.grpc_gzip_bytes_min = flags.gzip ? 1024u : 0u}});
  WatchedFiles files;
  http::HttpServer server(options, pointers, dispatcher, budget, files, Random::FromDevice());
  if (const absl::Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 1;
  }
  std::printf("listening on %s\nready\n", server.bound()[0].text.c_str());
  std::fflush(stdout);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int signal = 0;
  sigwait(&signals, &signal);
  health.SetAllNotServing();
  std::promise<void> drained;
  server.Drain(std::chrono::seconds(10), [&] { drained.set_value(); });
  drained.get_future().wait();
  for (const auto& loop : loops) loop->Stop();
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread exists: sigwait takes them
  return sluice::Run(sluice::ParseFlags(argc, argv));
}
