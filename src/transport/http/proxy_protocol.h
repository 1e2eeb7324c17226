// PROXY protocol v1 and v2: the header a TCP proxy puts before the first byte of a connection, naming the real client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::http {

struct ProxyHeader {
  enum class Kind {
    kNeedMore,  // a prefix of a header so far
    kNone,      // the bytes are not a PROXY header: they belong to the connection
    kBad,       // a broken header: close
    kFound,
  };
  Kind kind = Kind::kNeedMore;
  size_t size = 0;             // kFound: bytes of the header
  std::string client_ip = {};  // "" when the proxy speaks for itself (LOCAL, UNKNOWN)
  uint16_t client_port = 0;
};

// At most this many bytes are a header; longer ones (v2 with huge TLVs) are kBad.
inline constexpr size_t kProxyHeaderBytesMax = 4096;

ProxyHeader ParseProxyHeader(std::string_view bytes);

}  // namespace sluice::http
