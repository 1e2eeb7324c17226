// Protobuf's wire format, written field by field: for messages that only others read, at a fraction of what generated
// ones cost.
//
//   std::string out;
//   ProtoWriter writer(out);
//   writer.Nested(kSpan, [&] { writer.Text(kName, "queue"); });
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/plain_text.h"
#include "base/text.h"

namespace sluice {

class ProtoWriter {
 public:
  // Appends.
  explicit ProtoWriter(std::string& out) : out_(out) {}

  void Varint(uint32_t field, uint64_t value) {
    Number(field << 3);
    Number(value);
  }
  void Fixed64(uint32_t field, uint64_t value) {
    Number(field << 3 | 1);
    for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>(value >> shift));
  }
  void Double(uint32_t field, double value) { Fixed64(field, std::bit_cast<uint64_t>(value)); }
  void Bytes(uint32_t field, std::string_view bytes) {
    Number(field << 3 | kLengthDelimited);
    Number(bytes.size());
    out_.append(bytes);
  }
  // A field of the type string: always valid UTF-8, else readers refuse the whole message.
  void Text(uint32_t field, std::string_view text) {
    if (IsPlainText(text) || IsUtf8(text)) return Bytes(field, text);
    Bytes(field, MakeValidUtf8(text));
  }
  // A message, of what `write` appends.
  template <typename Write>
  void Nested(uint32_t field, Write write) {
    Number(field << 3 | kLengthDelimited);
    const size_t at = out_.size();
    out_.push_back('\0');  // its length, known afterwards; nearly always one byte
    write();
    const size_t length = out_.size() - at - 1;
    char digits[kVarintBytesMax];
    const size_t used = Encode(length, digits);
    if (used > 1) out_.insert(at, used - 1, '\0');
    out_.replace(at, used, digits, used);
  }

 private:
  static constexpr uint32_t kLengthDelimited = 2;
  static constexpr size_t kVarintBytesMax = 10;

  static size_t Encode(uint64_t value, char* to) {
    size_t used = 0;
    for (; value > 0x7f; value >>= 7) to[used++] = static_cast<char>(value | 0x80);
    to[used++] = static_cast<char>(value);
    return used;
  }
  void Number(uint64_t value) {
    char digits[kVarintBytesMax];
    out_.append(digits, Encode(value, digits));
  }

  std::string& out_;
};

}  // namespace sluice
