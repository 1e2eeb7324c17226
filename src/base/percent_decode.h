// What URLs, queries and lists of headers write as %XX.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Nothing when an escape is broken. With `keep_slash`, %2F stays as it is.
std::optional<std::string> PercentDecode(std::string_view text, bool keep_slash = false);

}  // namespace sluice
