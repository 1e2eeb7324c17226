// Any bytes as a multipart body: the first line is the boundary. Parts must lie inside the body, in order.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "transport/rest/media_type.h"
#include "transport/rest/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string body = line < input.size() ? input.substr(line + 1) : std::string();
  std::string boundary = input.substr(0, line);
  if (const auto type = sluice::rest::ParseMediaType(boundary)) boundary = std::string(type->Parameter("boundary"));
  const auto parts = sluice::rest::ParseMultipart(body, boundary);
  if (!parts.ok()) return 0;
  const char* at = body.data();
  for (const auto& part : *parts) {
    if (part.data.data() == nullptr) continue;
    if (part.data.data() < at || part.data.data() + part.data.size() > body.data() + body.size()) std::abort();
    at = part.data.data() + part.data.size();
  }
  return 0;
}
