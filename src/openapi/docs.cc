#include "openapi/docs.h"

#include "openapi/docs_files.h"

namespace sluice::openapi {

// Swagger UI sets styles from its script and draws its icons from data: URLs; scripts come from this server only.
const std::string_view kDocsPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::span<const DocsFile> DocsFiles() {
  static constexpr std::string_view kJavaScript = "text/javascript; charset=utf-8";
  static const DocsFile kFiles[] = {
      {.path = "/docs", .content_type = "text/html; charset=utf-8", .gzip = kDocsHtml},
      {.path = "/docs/docs.js", .content_type = kJavaScript, .gzip = kDocsJs},
      {.path = "/docs/swagger-ui-bundle.js", .content_type = kJavaScript, .gzip = kSwaggerUiJs, .large_unpacked = true},
      {.path = "/docs/swagger-ui.css",
       .content_type = "text/css; charset=utf-8",
       .gzip = kSwaggerUiCss,
       .large_unpacked = true},
      {.path = "/docs/LICENSE", .content_type = "text/plain; charset=utf-8", .gzip = kSwaggerUiLicense}};
  return kFiles;
}

}  // namespace sluice::openapi
