#include "transport/openapi/docs_pages.h"

#include <memory>
#include <string>

#include "transport/gzip.h"
#include "transport/openapi/docs_files.h"
#include "transport/openapi/document.h"

namespace sluice::openapi {
namespace {

using pages::Page;
using pages::PageEntry;

// Swagger UI sets styles from its script and draws its icons from data: URLs; scripts come from this server only.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

PageEntry File(std::string path, std::string content_type, std::string_view gzip, bool slow) {
  return {.path = std::move(path),
          .exposed = http::kExposeApi,
          .slow = slow,
          .make = [content_type = std::move(content_type), gzip] {
            Page page{.content_type = content_type, .body = std::string(gzip), .gzip = true};
            page.headers.Add("content-security-policy", kPolicy);
            page.headers.Add("x-content-type-options", "nosniff");
            return page;
          }};
}

PageEntry DocumentPage(const MethodTable& methods, std::string_view version) {
  auto packed = std::make_shared<std::string>();
  transport::Deflate(MakeDocument(methods, version), *packed);
  return {.path = "/openapi.json", .exposed = http::kExposeApi, .make = [packed] {
            return Page{.content_type = "application/json", .body = *packed, .gzip = true};
          }};
}

}  // namespace

std::vector<PageEntry> DocsPages(const MethodTable& methods, std::string_view version) {
  const std::string javascript = "text/javascript; charset=utf-8";
  std::vector<PageEntry> entries;
  entries.push_back(DocumentPage(methods, version));
  entries.push_back(File("/docs", "text/html; charset=utf-8", kDocsHtml, false));
  entries.push_back(File("/docs/docs.js", javascript, kDocsJs, false));
  // Megabytes once unpacked for a client without gzip: on a worker.
  entries.push_back(File("/docs/swagger-ui-bundle.js", javascript, kSwaggerUiJs, true));
  entries.push_back(File("/docs/swagger-ui.css", "text/css; charset=utf-8", kSwaggerUiCss, true));
  entries.push_back(File("/docs/LICENSE", "text/plain; charset=utf-8", kSwaggerUiLicense, false));
  return entries;
}

}  // namespace sluice::openapi
