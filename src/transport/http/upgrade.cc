#include "transport/http/upgrade.h"

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace sluice::http {
namespace {

constexpr std::string_view kWebSocketGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// Whether a comma-separated header holds the token.
bool HasToken(const Headers& headers, std::string_view name, std::string_view token) {
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].name != name) continue;
    for (std::string_view rest = headers[i].value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const auto one = absl::StripAsciiWhitespace(ToAbsl(rest.substr(0, comma)));
      if (absl::EqualsIgnoreCase(one, ToAbsl(token))) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

}  // namespace

std::string UpgradeOf(const RequestHead& head, bool http10) {
  if (http10 || head.method != "GET" || head.expects_body) return {};
  if (!HasToken(head.headers, "connection", "upgrade")) return {};
  return HasToken(head.headers, "upgrade", "websocket") ? "websocket" : "";
}

std::string WebSocketAccept(std::string_view key) {
  const std::string text = StrCat(key, kWebSocketGuid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace sluice::http
