// /docs: a page that shows /openapi.json and tries calls. Everything comes from this program; nothing from elsewhere.
#pragma once

#include <span>
#include <string_view>

namespace sluice::openapi {

struct DocsFile {
  std::string_view path, content_type;
  std::string_view gzip;        // the file, compressed
  bool large_unpacked = false;  // megabytes: for a client without gzip it is unpacked on a worker
};
std::span<const DocsFile> DocsFiles();

// The Content-Security-Policy that they are shown under.
extern const std::string_view kDocsPolicy;

}  // namespace sluice::openapi
