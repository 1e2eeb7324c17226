#include "transport/grpc/metadata.h"

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "base/strings.h"

namespace sluice::grpc {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool IsPlain(char c) { return c >= 0x20 && c <= 0x7e && c != '%'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool IsReservedName(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kReserved = {
      "content-type", "te", "user-agent", "content-length", "host", "connection", "transfer-encoding", "trailer"};
  return name.starts_with(':') || name.starts_with("grpc-") ||
         std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string EncodeBinary(std::string_view bytes) {
  std::string text = absl::Base64Escape(ToAbsl(bytes));
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

std::optional<std::string> DecodeBinary(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(text), &bytes)) return std::nullopt;
  return bytes;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  if (std::all_of(text.begin(), text.end(), IsPlain)) return out.assign(text);
  for (const char c : text) {
    if (IsPlain(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : HexDigit(text[i + 2]);
    if (low < 0) {
      out.push_back(text[i]);
    } else {
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return out;
}

}  // namespace sluice::grpc
