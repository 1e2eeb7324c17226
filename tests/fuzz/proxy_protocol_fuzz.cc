// PROXY headers from a hostile client: no crash, and a header never claims more bytes than there are.
#include <cstdint>
#include <cstdlib>

#include "transport/http/forwarded.h"
#include "transport/http/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::http::ProxyHeader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = sluice::http::ParseProxyHeader(bytes);
  if (header.kind == ProxyHeader::Kind::kFound) {
    if (header.size > size || header.size > sluice::http::kProxyHeaderBytesMax) std::abort();
    if (!header.client_ip.empty() && !sluice::http::ParseIp(header.client_ip)) std::abort();
    // What is complete does not depend on what follows, and no shorter prefix is complete.
    if (sluice::http::ParseProxyHeader(bytes.substr(0, header.size)).kind != ProxyHeader::Kind::kFound) std::abort();
    if (sluice::http::ParseProxyHeader(bytes.substr(0, header.size - 1)).kind == ProxyHeader::Kind::kFound)
      std::abort();
  }
  sluice::Headers headers;
  headers.Add("x-forwarded-for", bytes);
  const std::string networks[] = {"0.0.0.0/0", "::/0"};
  sluice::http::ClientAddress("127.0.0.1", headers, *sluice::http::TrustedProxies::Parse(networks));
  return 0;
}
