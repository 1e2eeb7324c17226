#include "transport/http/upgrade.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "base/strings.h"
#include "transport/http/canonical.h"

namespace sluice::http {
namespace {

constexpr std::string_view kWebSocketGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

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
