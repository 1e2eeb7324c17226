// Any bytes as a WebSocket client's frames: the same items and the same fault however the input is cut, nothing above
// the bound, and text is UTF-8. The first byte chooses the cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "base/text.h"
#include "transport/websocket/frame.h"

namespace {

constexpr size_t kMessageBytesMax = 1000;

std::string Read(std::string_view bytes, size_t step) {
  using namespace sluice::websocket;
  FrameReader reader(kMessageBytesMax);
  std::string seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    std::string_view in = bytes.substr(at, step);
    Item item;
    while (reader.Next(in, item)) {
      const bool control = item.kind != Opcode::kText && item.kind != Opcode::kBinary;
      if (item.payload.size() > (control ? 125 : kMessageBytesMax)) std::abort();
      if (item.kind == Opcode::kText && !sluice::IsUtf8(item.payload)) std::abort();
      seen += sluice::StrCat(static_cast<int>(item.kind), ":", item.payload, "\n");
    }
    if (reader.fault().code != 0) return sluice::StrCat(seen, "fault ", reader.fault().code, "\n");
    if (!in.empty()) std::abort();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Read(input, SIZE_MAX);
  if (Read(input, 1) != whole || Read(input, 1 + data[0]) != whole) std::abort();
  if (sluice::websocket::CodeOfClose(input) < 1000) std::abort();
  return 0;
}
