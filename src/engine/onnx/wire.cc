#include "engine/onnx/wire.h"

#include <cstring>

namespace sluice::onnx {
namespace {

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
}

}  // namespace

bool WireReader::TakeVarint(std::string_view& from, uint64_t& value) {
  value = 0;
  for (size_t i = 0; i < from.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      from.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool WireReader::TakeFixed(int size) {
  if (rest_.size() < static_cast<size_t>(size)) return false;
  value = 0;
  std::memcpy(&value, rest_.data(), size);  // little-endian, as this machine
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::Next() {
  if (rest_.empty() || !ok_) return false;
  const std::string_view from = rest_;
  uint64_t tag = 0;
  ok_ = TakeVarint(rest_, tag) && tag >> 3 != 0 && tag >> 3 < uint64_t{1} << 29;
  if (!ok_) return false;
  number = static_cast<uint32_t>(tag >> 3);
  is_bytes = (tag & 7) == kBytes;
  switch (tag & 7) {
    case kVarint: ok_ = TakeVarint(rest_, value); break;
    case kFixed64: ok_ = TakeFixed(8); break;
    case kFixed32: ok_ = TakeFixed(4); break;
    case kBytes:
      ok_ = TakeVarint(rest_, value) && value <= rest_.size();
      if (ok_) {
        bytes = rest_.substr(0, value);
        rest_.remove_prefix(value);
      }
      break;
    default: ok_ = false;  // groups: no .onnx has them
  }
  whole = from.substr(0, from.size() - rest_.size());
  return ok_;
}

void AppendField(uint32_t number, std::string_view bytes, std::string& message) {
  AppendVarint(uint64_t{number} << 3 | kBytes, message);
  AppendVarint(bytes.size(), message);
  message.append(bytes);
}

void AppendField(uint32_t number, uint64_t value, std::string& message) {
  AppendVarint(uint64_t{number} << 3 | kVarint, message);
  AppendVarint(value, message);
}

}  // namespace sluice::onnx
