// Entity tags of pages (RFC 9110, 8.8.3): a client that has a page already gets 304 instead of its bytes.
#pragma once

#include <string>
#include <string_view>

namespace sluice::pages {

// W/"..." of the page's content. Weak, because a page is the same whether it goes out compressed or not.
std::string ETagOf(std::string_view content);

// Whether If-None-Match lists the tag, by weak comparison, or is "*".
bool HasETag(std::string_view if_none_match, std::string_view etag);

}  // namespace sluice::pages
