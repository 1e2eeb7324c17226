// UTF-8 one character at a time: for messages and repair. Whole texts are validated by simdjson.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::rest {

// Bytes (1 to 4) of the valid character at the front of `text`; 0 when there is none.
size_t Utf8CharacterBytes(std::string_view text);

// Offset of the first byte that is not valid; the size when all is.
size_t FirstInvalidUtf8(std::string_view text);

}  // namespace sluice::rest
