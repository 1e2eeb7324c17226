#include "door/pages.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <memory>

#include "openapi/docs.h"
#include "openapi/document.h"
#include "transport/gzip.h"
#include "transport/oip/route.h"

namespace sluice {
namespace {

using pages::Page;
using pages::PageEntry;

constexpr char kFront[] =
    "Sluice: an inference API server.\n"
    "\n"
    "  POST /api/v1/recognize   a JPEG, PNG or WebP picture in, its faces out\n"
    "  /docs  /openapi.json     every API, with examples to try\n"
    "  /metrics                 Prometheus\n"
    "  /healthz  /readyz        alive, ready\n"
    "\n"
    "gRPC, with reflection, on the same port: ai.inference.ImageRecognition, grpc.health.v1.Health\n";

Page Metrics(const std::vector<const prometheus::Collectable*>& sources) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto* source : sources) {
    auto part = source->Collect();
    families.insert(families.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  }
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = prometheus::TextSerializer().Serialize(families)};
}

PageEntry Document(const MethodTable& methods) {
  auto packed = std::make_shared<std::string>();
  transport::Deflate(OpenApiText(methods), *packed);
  return {.path = "/openapi.json", .exposed = http::kExposeApi, .make = [packed] {
            return Page{.content_type = "application/json", .body = *packed, .gzip = true};
          }};
}

PageEntry DocsPage(const openapi::DocsFile& file) {
  return {.path = std::string(file.path), .exposed = http::kExposeApi, .slow = file.large_unpacked, .make = [&file] {
            Page page{.content_type = std::string(file.content_type), .body = std::string(file.gzip), .gzip = true};
            page.headers.Add("content-security-policy", openapi::kDocsPolicy);
            page.headers.Add("x-content-type-options", "nosniff");
            return page;
          }};
}

}  // namespace

std::string OpenApiText(const MethodTable& methods) {
  std::vector<openapi::OipPath> paths;
  for (const oip::PathOfOperation& path : oip::Paths()) {
    paths.push_back({.path = path.path, .verb = oip::VerbOf(path.operation), .rpc = oip::MethodName(path.operation)});
  }
  return openapi::MakeDocument(methods, SLUICE_VERSION, paths);
}

std::vector<pages::PageEntry> MakePages(const PagesContext& context) {
  std::vector<pages::PageEntry> entries;
  entries.push_back({.path = "/", .exposed = http::kExposeConsole, .make = [] { return Page{.body = kFront}; }});
  entries.push_back({.path = "/healthz", .exposed = http::kExposeAll, .make = [] { return Page{.body = "ok\n"}; }});
  entries.push_back({.path = "/readyz", .exposed = http::kExposeAll, .make = [not_ready = context.not_ready] {
                       std::string why = not_ready();
                       return why.empty() ? Page{.body = "ready\n"} : Page{.status = 503, .body = why + "\n"};
                     }});
  entries.push_back(Document(context.methods));
  for (const openapi::DocsFile& file : openapi::DocsFiles()) entries.push_back(DocsPage(file));
  if (context.show_metrics) {
    entries.push_back(
        {.path = "/metrics", .exposed = http::kExposeMetrics, .slow = true, .make = [sources = context.metrics] {
           return Metrics(sources);
         }});
  }
  return entries;
}

}  // namespace sluice
