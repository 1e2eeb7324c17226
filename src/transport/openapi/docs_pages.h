// /openapi.json, and /docs: a page that shows it and tries calls. Everything comes from this program; nothing from elsewhere.
#pragma once

#include <string_view>
#include <vector>

#include "call/method.h"
#include "transport/pages/codec.h"

namespace sluice::openapi {

// The document is made here, once. Shown where the API is exposed.
std::vector<pages::PageEntry> DocsPages(const MethodTable& methods, std::string_view version);

}  // namespace sluice::openapi
