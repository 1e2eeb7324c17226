// HTTP/2 frames from a hostile client, mixed with time, write progress, turns that are too short and a codec that
// answers now, later, in parts or never. Checked: no crash, every exchange closes exactly once, nothing is read of a
// lost connection, all budget is given back, no timer stays.
//
// The input is a list of steps: frames with a proper header (so that the fuzzer gets past the framing), raw bytes, and
// things that happen on our side.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz_host.h"
#include "transport/http/h2_session.h"

namespace sluice::http {
namespace {

struct World;

struct Handler final : ExchangeHandler {
  Handler(World& w, Exchange& e) : world(w), exchange(e) {}
  ~Handler() override;
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override { exchange.SendBody("more", false); }
  void OnClosed(CloseReason) override;
  void Act(uint8_t how);
  World& world;
  Exchange& exchange;
  size_t held = 0;
  int closed = 0;
};

struct World final : FuzzHost {
  explicit World(uint8_t plan) : FuzzHost(plan, 200'000) {
    limits.header_bytes_max = 2'000;
    limits.streams_max = 8;
    limits.response_buffer_bytes = 10'000;
    limits.h2_stream_window = 65'535;
    limits.h2_connection_window = 100'000;
    limits.resets_per_second_max = 20;
    session = NewH2Session(*this, limits, budget);
  }
  ~World() override {
    Lose();
    for (int turns = 0; session->open_exchanges() != 0; ++turns) {
      if (turns == 1'000) std::abort();
      Turn();
    }
    if (fake.timers() != 0) std::abort();
    session.reset();
    fake.Run();
    if (budget.bytes() != 0 || !handlers.empty()) std::abort();
  }
  std::unique_ptr<ExchangeHandler> OnExchange(Exchange& exchange) override {
    auto made = std::make_unique<Handler>(*this, exchange);
    handlers.push_back(made.get());
    if (lost) std::abort();
    Linger();
    if ((plan & 3) == 1) made->Act(plan >> 2);  // before the body
    return made;
  }
  // By some plans many frames come in one read.
  void Receive(std::string_view bytes) {
    read += bytes;
    if ((plan & 0x10) == 0 || read.size() > 4'000) Read();
  }
  // A host whose socket is gone has nothing for its session any more, but further turns.
  void Read() {
    if (!lost) session->Receive(std::exchange(read, {}));
  }
  void Lose() {
    Read();
    if (!std::exchange(lost, true)) session->Lost();
  }
  void Turn() {
    Read();
    fake.Run();
    session->Continue();
  }
  // By some plans a codec takes so long that a turn is over before its input is.
  void Linger() {
    if ((plan & 0x20) != 0) fake.Pass(std::chrono::microseconds(300));
  }
  std::vector<Handler*> handlers;
  bool lost = false;
  std::string read;
};

Handler::~Handler() {
  if (closed != 1) std::abort();
  std::erase(world.handlers, this);
}

void Handler::OnClosed(CloseReason) {
  ++closed;
  world.Linger();
}

void Handler::OnBody(std::string_view bytes) {
  if (bytes.empty() || closed != 0 || world.lost) std::abort();
  world.Linger();
  held += bytes.size();
  if ((world.plan & 4) != 0) exchange.ConsumeBody(std::exchange(held, 0));
}

void Handler::OnBodyEnd() {
  if (closed != 0) std::abort();
  if ((world.plan & 3) == 2) Act(world.plan >> 2);
}

void Handler::Act(uint8_t how) {
  Headers fields;
  fields.Add("x", "y");
  switch (how & 7) {
    case 0: exchange.SendHead(200, fields, true); break;
    case 1: exchange.SendHead(404, fields, false); break;
    case 2: exchange.SendBody(std::string(how * 300u, 'b'), false); break;
    case 3: exchange.SendBody("end", true); break;
    case 4: exchange.SendTrailers(fields); break;
    case 5: exchange.Reset(); break;
    case 6: exchange.ConsumeBody(std::exchange(held, 0)); break;
    case 7:
      exchange.SendHead(200, fields, false);
      exchange.SendBody(std::string(how * 100u, 'c'), false);
      exchange.SendTrailers(fields);
      break;
  }
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const size_t n = payload.size();
  std::string frame = {static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n),
                       static_cast<char>(type), static_cast<char>(flags)};
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(stream >> shift));
  return frame.append(payload);
}

struct Input {
  const uint8_t* at;
  const uint8_t* end;
  uint8_t Byte() { return at < end ? *at++ : 0; }
  std::string Bytes(size_t n) {
    n = std::min<size_t>(n, static_cast<size_t>(end - at));
    std::string out(reinterpret_cast<const char*>(at), n);
    at += n;
    return out;
  }
};

// POST http / with :authority, without the table: 0x83 0x86 0x84 0x41 …
const std::string kRequest = std::string("\x83\x86\x84\x41\x01h", 6);

void Step(World& world, Input& in) {
  const uint8_t what = in.Byte();
  const uint8_t arg = in.Byte();
  const uint32_t stream = arg & 31u;
  switch (what & 15) {
    case 0: world.Receive(in.Bytes(arg)); break;
    case 1: world.Receive(Frame(1, 4 | (what >> 7), stream | 1, kRequest + in.Bytes(arg >> 5))); break;
    case 2: world.Receive(Frame(1, what >> 4, stream, in.Bytes(in.Byte()))); break;
    case 3: world.Receive(Frame(0, what >> 7, stream | 1, in.Bytes(in.Byte()))); break;
    case 4: world.Receive(Frame(0, what >> 7, stream | 1, std::string(in.Byte() * 60u, 'd'))); break;
    case 5: world.Receive(Frame(3, 0, stream | 1, std::string("\0\0\0\x8", 4))); break;
    case 6: world.Receive(Frame(8, 0, (what >> 7) != 0 ? stream : 0, std::string(1, '\0') + in.Bytes(3))); break;
    case 7: world.Receive(Frame(arg, what >> 4, in.Byte() & 15, in.Bytes(in.Byte()))); break;
    case 8: world.Receive(Frame(4, what >> 7, 0, in.Bytes(6u * (arg & 3)))); break;
    case 9: world.Receive(Frame(9, what >> 4, stream, in.Bytes(in.Byte()))); break;
    case 10: world.fake.Advance(std::chrono::milliseconds(arg * 200)); break;
    case 11:
      if (!world.lost) world.Write(arg * 37u + 1);
      break;
    case 12:
    case 13:
      if (!world.handlers.empty()) world.handlers[arg % world.handlers.size()]->Act(what >> 4 | (what & 1) << 4);
      break;
    case 14: world.Turn(); break;
    case 15:
      if (world.lost) break;
      if ((arg & 6) == 6) {
        world.Lose();
      } else {
        (arg & 1) != 0 ? world.session->Drain() : world.session->ReceiveEnd();
      }
      break;
  }
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::http;
  if (size < 2 || size > 4'096) return 0;
  Input in{data, data + size};
  World world(in.Byte());
  world.Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  world.Receive(Frame(4, 0, 0, {}));
  world.Read();
  while (in.at < in.end && (world.lost || !world.session->Finished())) Step(world, in);
  world.Read();
  if (!world.lost) world.Write(1 << 20);
  return 0;
}
