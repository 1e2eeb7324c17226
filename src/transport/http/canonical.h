// One spelling for what HTTP lets clients spell in several ways, so that codecs compare plain texts: media types and
// codings are case-insensitive and go by old names, too.
#pragma once

#include <string>
#include <string_view>

#include "base/headers.h"

namespace sluice::http {

// Adds a request's header (its name in lower case). Of Content-Type the type, and of headers that list codings all of
// it, come in lower case and by their usual name: "Image/JPG; a=B" as "image/jpeg; a=B", "X-GZip" as "gzip".
void AddRequestHeader(std::string_view name, std::string_view value, Headers& headers);

// "image/jpg" is "image/jpeg"; what has no other name is itself. In lower case.
std::string_view UsualMediaType(std::string_view type);

// "X-GZip" is "gzip"; also of a list.
std::string UsualCodings(std::string_view value);

// Whether a header of comma-separated tokens, on one line or several, holds the token; the case does not matter.
bool HasToken(const Headers& headers, std::string_view name, std::string_view token);

// The values of a header that may come in several lines, as one list.
std::string JoinedHeader(const Headers& headers, std::string_view name);

}  // namespace sluice::http
