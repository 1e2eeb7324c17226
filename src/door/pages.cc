#include "door/pages.h"

#include <prometheus/registry.h>

#include <atomic>
#include <memory>

#include "absl/strings/numbers.h"
#include "base/profile/cpu_profile.h"
#include "base/strings.h"
#include "door/console.h"
#include "openapi/docs.h"
#include "openapi/document.h"
#include "transport/gzip.h"
#include "transport/oip/route.h"
#include "transport/pages/etag.h"
#include "transport/rest/media_type.h"

namespace sluice {
namespace {

using pages::Page;
using pages::PageEntry;
using pages::PageRequest;

// What a scraper likes better; it is read as the text format when it does not say.
// `bytes`: how long the last page was.
Page Metrics(const std::vector<const MetricSource*>& sources, const prometheus::Registry& registry,
             const PageRequest& request, std::atomic<size_t>& bytes) {
  constexpr std::string_view kOffers[] = {"text/plain", "application/openmetrics-text"};
  const bool open = rest::BestMatch(request.accept, kOffers) == 1;
  MetricsText text(open ? MetricsText::Format::kOpenMetrics : MetricsText::Format::kPlain, bytes + bytes / 8);
  for (const MetricSource* source : sources) source->Collect(text);
  text.Families(registry.Collect());
  Page page{.content_type = std::string(open ? MetricsText::kOpenMetricsType : MetricsText::kPlainType)};
  page.headers.Add("vary", request.takes_gzip ? "accept" : "accept, accept-encoding");
  std::string whole = text.Finish();
  bytes = whole.size();
  page.gzip = request.takes_gzip;
  if (page.gzip) {
    transport::Deflate(whole, page.body);
  } else {
    page.body = std::move(whole);
  }
  return page;
}

PageEntry Document(const MethodTable& methods) {
  const auto page = std::make_shared<Page>(Page{.content_type = "application/json", .gzip = true});
  const std::string text = OpenApiText(methods);
  page->etag = pages::ETagOf(text);
  transport::Deflate(text, page->body);
  return {.path = "/openapi.json", .exposed = http::kExposeApi, .make = [page](const PageRequest&) { return *page; }};
}

PageEntry DocsPage(const openapi::DocsFile& file) {
  const auto make = [&file, etag = pages::ETagOf(file.gzip)](const PageRequest&) {
    Page page{
        .content_type = std::string(file.content_type), .body = std::string(file.gzip), .gzip = true, .etag = etag};
    page.headers.Add("content-security-policy", openapi::kDocsPolicy);
    page.headers.Add("x-content-type-options", "nosniff");
    return page;
  };
  return {.path = std::string(file.path), .exposed = http::kExposeApi, .slow = file.large_unpacked, .make = make};
}

// "seconds=5": what tools send.
Page ProfilePage(const PagesContext& context, const PageRequest& request) {
  unsigned seconds = kProfileSecondsUsual;
  constexpr std::string_view kName = "seconds=";
  const size_t at = request.query.find(kName);
  if (at != std::string::npos && !absl::SimpleAtoi(request.query.substr(at + kName.size()), &seconds)) seconds = 0;
  if (seconds < 1 || seconds > kProfileSecondsMax)
    return {.status = 400, .body = StrCat("seconds must be from 1 to ", kProfileSecondsMax, "\n")};
  const auto profile = context.profile(std::chrono::seconds(seconds));
  if (!profile.ok()) return {.status = 503, .body = StrCat(profile.status().message(), "\n")};
  Page page{.content_type = "application/octet-stream", .body = *profile};
  page.headers.Add("content-disposition", "attachment; filename=\"sluice-cpu.pb.gz\"");
  return page;
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
  std::vector<PageEntry> entries = ConsolePages({.not_ready = context.not_ready, .models = context.models});
  entries.push_back({.path = "/healthz", .exposed = http::kExposeAll, .make = [](const PageRequest&) {
                       return Page{.body = "ok\n"};
                     }});
  entries.push_back(
      {.path = "/readyz", .exposed = http::kExposeAll, .make = [not_ready = context.not_ready](const PageRequest&) {
         std::string why = not_ready();
         return why.empty() ? Page{.body = "ready\n"} : Page{.status = 503, .body = why + "\n"};
       }});
  entries.push_back(Document(context.methods));
  for (const openapi::DocsFile& file : openapi::DocsFiles()) entries.push_back(DocsPage(file));
  if (context.profile) {
    entries.push_back({.path = "/debug/pprof/profile",
                       .exposed = http::kExposeAdmin,
                       .slow = true,
                       .thread = context.slow,
                       .make = [context](const PageRequest& request) { return ProfilePage(context, request); }});
  }
  if (context.show_metrics) {
    entries.push_back({.path = "/metrics",
                       .exposed = http::kExposeMetrics,
                       .slow = true,
                       .thread = context.scrapes,
                       .make = [sources = context.metrics, &registry = context.registry,
                                bytes = std::make_shared<std::atomic<size_t>>()](const PageRequest& request) {
                         return Metrics(sources, registry, request, *bytes);
                       }});
  }
  return entries;
}

}  // namespace sluice
