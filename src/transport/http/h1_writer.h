// Heads of HTTP/1.1 responses as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/headers.h"

namespace sluice::http {

struct H1ResponseHead {
  int status = 200;
  const Headers& headers;  // connection, transfer-encoding, date and server are ours and skipped; CR, LF, NUL blanked
  std::optional<uint64_t> content_length = {};  // added when the headers hold none
  bool chunked = false;
  bool keep_content_length = true;   // false: a content-length of the codec is dropped too
  std::string_view connection = {};  // "close", "keep-alive" or "" for no such header
  std::string_view date = {};        // IMF-fixdate
};

std::string WriteH1Head(const H1ResponseHead& head);

// A whole answer of the session itself, when no codec can make one: problem+json, `connection: close`.
std::string WriteH1Fault(int status, std::string_view detail, std::string_view date);

std::string_view ReasonPhrase(int status);

}  // namespace sluice::http
