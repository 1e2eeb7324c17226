#include "engine/bytes.h"

#include <bit>
#include <cstring>

namespace sluice {

static_assert(std::endian::native == std::endian::little, "tensors are passed on as they lie in memory");

bool TakeBytes(std::string_view& data, std::string_view& element) {
  uint32_t length = 0;
  if (data.size() < sizeof length) return false;
  std::memcpy(&length, data.data(), sizeof length);
  if (data.size() - sizeof length < length) return false;
  element = data.substr(sizeof length, length);
  data.remove_prefix(sizeof length + length);
  return true;
}

std::optional<int64_t> CountBytes(std::string_view data) {
  int64_t count = 0;
  std::string_view element;
  while (TakeBytes(data, element)) ++count;
  return data.empty() ? std::optional(count) : std::nullopt;
}

void AppendBytes(std::string_view element, std::string& out) {
  const auto length = static_cast<uint32_t>(element.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length).append(element);
}

}  // namespace sluice
