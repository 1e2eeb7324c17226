// BYTES tensors: each element is its length, four bytes little-endian, and then its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Takes the next element off `data`. False when nothing is left, or when what is left is not a whole element.
bool TakeBytes(std::string_view& data, std::string_view& element);

// Number of elements; nothing when the last one is cut off.
std::optional<int64_t> CountBytes(std::string_view data);

// Appends an element; it must be shorter than 4 GiB.
void AppendBytes(std::string_view element, std::string& out);

}  // namespace sluice
