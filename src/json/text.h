// Strings as JSON text.
#pragma once

#include <string>
#include <string_view>

namespace sluice::json {

// Appends `text` in quotes: UTF-8 as it is; control characters, quotes and backslashes escaped; bytes that are not
// UTF-8 become U+FFFD.
void AppendQuoted(std::string_view text, std::string& out);

}  // namespace sluice::json
