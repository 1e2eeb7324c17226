// HTTP/1.1 bytes from a hostile client, cut into pieces and mixed with time, write progress and a codec that answers
// now, later or never. Checked: no crash, every exchange closes exactly once, all budget is given back, and cutting the
// input differently never changes which requests are seen.
//
// The first bytes choose the plan (how the codec behaves, where the input is cut), the rest is the connection.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/strings.h"
#include "tests/fuzz/fuzz_host.h"
#include "transport/http/h1_session.h"

namespace sluice::http {
namespace {

struct World;

struct Handler final : ExchangeHandler {
  Handler(World& w, Exchange& e) : world(w), exchange(e) {}
  ~Handler() override;
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnClosed(CloseReason reason) override;
  void Answer();
  World& world;
  Exchange& exchange;
  int closed = 0;
};

struct World final : FuzzHost {
  explicit World(uint8_t plan) : FuzzHost(plan, 10'000) {
    limits.header_bytes_max = 2000;
    limits.response_buffer_bytes = 1000;
    limits.h2_stream_window = 500;
    session = NewH1Session(*this, limits, budget);
  }
  ~World() override {
    session->Lost();
    session.reset();
    if (budget.bytes() != 0 || open != 0 || fake.timers() != 0) std::abort();
  }
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override {
    const RequestHead& head = exchange.head();
    seen += StrCat(head.method, " ", head.authority, " ", head.path, " ", head.query, " ", head.headers.size(), "\n");
    ++open;
    auto made = std::make_unique<Handler>(*this, exchange);
    handler = made.get();
    if ((plan & 3) == 1) made->Answer();  // before the body
    return made;
  }
  Handler* handler = nullptr;
  int open = 0;
  std::string seen;
};

Handler::~Handler() {
  if (closed != 1) std::abort();
  if (world.handler == this) world.handler = nullptr;
}
void Handler::OnBody(std::string_view bytes) {
  if (closed != 0) std::abort();
  world.seen += StrCat("body ", bytes.empty() ? "" : "+", "\n");
  if ((world.plan & 4) == 0) exchange.ConsumeBody(bytes.size());
}
void Handler::OnBodyEnd() {
  if ((world.plan & 3) == 0) Answer();
}
void Handler::OnClosed(CloseReason) {
  ++closed;
  --world.open;
}
void Handler::Answer() {
  if (!exchange.head().upgrade.empty() && (world.plan & 64) != 0) {  // from here on raw bytes, both ways
    exchange.SendHead(101, {}, false);
    exchange.SendBody("raw", (world.plan & 8) != 0);
  } else if ((world.plan & 8) != 0) {
    exchange.SendHead(200, {}, false);
    exchange.SendBody(std::string(3000, 'x'), false);
    exchange.SendTrailers({});
  } else if ((world.plan & 16) != 0) {
    exchange.SendHead(204, {}, true);
  } else {
    exchange.SendHead(200, {}, false);
    exchange.SendBody("ok", true);
  }
}

// Requests seen by an obedient server that gets `input` in pieces of `step` bytes.
std::string Requests(std::string_view input, size_t step) {
  World world(0);
  std::string all(input);
  for (size_t at = 0; at < all.size() && !world.session->Finished(); at += step) {
    world.session->Receive(std::string_view(all).substr(at, step));
    world.Write(SIZE_MAX);
  }
  std::string seen;  // without the body lines, which depend on the cut
  for (size_t at = 0; at < world.seen.size();) {
    const size_t end = world.seen.find('\n', at) + 1;
    if (world.seen.compare(at, 5, "body ") != 0) seen.append(world.seen, at, end - at);
    at = end;
  }
  return seen;
}

void Roam(uint8_t plan, uint8_t cut, std::string_view input) {
  World world(plan);
  const size_t step = 1 + cut % 97;
  for (size_t at = 0; at < input.size() && !world.session->Finished(); at += step) {
    world.session->Receive(std::string(input.substr(at, step)));
    switch ((at + cut) % 7) {
      case 0: world.Write(SIZE_MAX); break;
      case 1: world.Write(1 + cut % 5); break;
      case 2: world.fake.Advance(seconds(cut % 40)); break;
      case 3:
        if (world.handler != nullptr && (plan & 3) == 2) world.handler->Answer();
        break;
      case 4:
        if (world.handler != nullptr && (plan & 32) != 0) world.handler->exchange.Reset();
        break;
      case 5:
        if ((plan & 64) != 0) world.session->Drain();
        break;
      default: break;
    }
  }
  if ((plan & 128) != 0) world.session->ReceiveEnd();
  world.Write(SIZE_MAX);
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 8192) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  sluice::http::Roam(data[0], data[1], input);
  if (sluice::http::Requests(input, 1) != sluice::http::Requests(input, SIZE_MAX)) std::abort();
  return 0;
}
