// A complete REST body, as it came.
#pragma once

#include <string>
#include <utility>

#include "transport/http/exchange.h"

namespace sluice::rest {

struct RequestBody {
  std::string content_type;      // as sent; "" = none
  std::string content_encoding;  // "", "identity" or "gzip"
  std::string query;
  std::string bytes;
};

inline RequestBody RequestBodyOf(const http::RequestHead& head, std::string bytes) {
  return {.content_type = std::string(head.headers.Get("content-type")),
          .content_encoding = std::string(head.headers.Get("content-encoding")),
          .query = head.query,
          .bytes = std::move(bytes)};
}

}  // namespace sluice::rest
