// A complete REST body, as it came.
#pragma once

#include <string>
#include <utility>

#include "transport/content_coding.h"
#include "transport/http/exchange.h"

namespace sluice::rest {

struct RequestBody {
  std::string content_type;      // as sent; "" = none
  std::string content_encoding;  // "" or "gzip", or what nobody undoes
  std::string query;
  std::string bytes;
};

inline RequestBody RequestBodyOf(const http::RequestHead& head, std::string bytes) {
  return {.content_type = std::string(head.headers.Get("content-type")),
          .content_encoding = transport::ContentCoding(head.headers),
          .query = head.query,
          .bytes = std::move(bytes)};
}

}  // namespace sluice::rest
