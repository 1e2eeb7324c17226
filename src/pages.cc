#include "pages.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include "transport/openapi/docs_pages.h"

namespace sluice {
namespace {

using pages::Page;

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

}  // namespace

std::vector<pages::PageEntry> MakePages(const PagesContext& context) {
  std::vector<pages::PageEntry> entries;
  entries.push_back({.path = "/", .exposed = http::kExposeConsole, .make = [] { return Page{.body = kFront}; }});
  entries.push_back({.path = "/healthz", .exposed = http::kExposeAll, .make = [] { return Page{.body = "ok\n"}; }});
  entries.push_back({.path = "/readyz", .exposed = http::kExposeAll, .make = [not_ready = context.not_ready] {
                       std::string why = not_ready();
                       return why.empty() ? Page{.body = "ready\n"} : Page{.status = 503, .body = why + "\n"};
                     }});
  for (auto& entry : openapi::DocsPages(context.methods, SLUICE_VERSION)) entries.push_back(std::move(entry));
  if (context.show_metrics) {
    entries.push_back(
        {.path = "/metrics", .exposed = http::kExposeMetrics, .slow = true, .make = [sources = context.metrics] {
           return Metrics(sources);
         }});
  }
  return entries;
}

}  // namespace sluice
