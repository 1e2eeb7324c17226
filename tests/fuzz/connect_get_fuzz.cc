// Any bytes as the query of a Connect GET. A message never has more bytes than the query that held it; the message as
// base64 comes back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "json/base64.h"
#include "transport/connect/get_query.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  const auto read = sluice::connect::ReadGetQuery(query);
  if (!read.ok()) return 0;
  if (read->message.size() > query.size() || read->encoding.size() > query.size()) std::abort();
  std::string text;
  sluice::json::Base64Encode(read->message, text);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  const auto again = sluice::connect::ReadGetQuery("base64=1&encoding=proto&message=" + text);
  if (!again.ok() || again->message != read->message) std::abort();
  return 0;
}
