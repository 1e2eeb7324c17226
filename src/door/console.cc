#include "door/console.h"

#include <memory>

#include "door/console_files.h"
#include "door/front_page.h"
#include "transport/pages/etag.h"
#include "transport/rest/media_type.h"

namespace sluice {
namespace {

using pages::Page;
using pages::PageEntry;
using pages::PageRequest;

// No script or style inside the HTML; blob: is an image that the user chose, data: the empty icon.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Page WithPolicy(Page page) {
  page.headers.Add("content-security-policy", kPolicy);
  page.headers.Add("x-content-type-options", "nosniff");
  return page;
}

bool WantsHtml(const PageRequest& request) {
  static constexpr std::string_view kOffers[] = {"text/plain", "text/html"};
  return rest::BestMatch(request.accept, kOffers) == 1;
}

Page Front(const ConsoleSources& sources, const PageRequest& request) {
  const FrontFacts facts{.version = SLUICE_VERSION,
                         .origin = request.origin,
                         .not_ready = sources.not_ready(),
                         .exposed = request.exposed,
                         .models = sources.models()};
  Page page;
  if (WantsHtml(request)) {
    page = {.content_type = "text/html; charset=utf-8", .body = FrontHtml(facts, kConsoleIndex)};
  } else {
    page.body = FrontText(facts);
  }
  page.etag = pages::ETagOf(page.body);
  page.headers.Add("vary", "accept");
  return WithPolicy(std::move(page));
}

PageEntry File(std::string_view path, std::string_view content_type, std::string_view content, bool gzip = true) {
  const Page page = WithPolicy({.content_type = std::string(content_type),
                                .body = std::string(content),
                                .gzip = gzip,
                                .etag = pages::ETagOf(content)});
  return {
      .path = std::string(path), .exposed = http::kExposeConsole, .make = [page](const PageRequest&) { return page; }};
}

}  // namespace

std::vector<PageEntry> ConsolePages(const ConsoleSources& sources) {
  return {{.path = "/",
           .exposed = http::kExposeConsole,
           .make = [sources](const PageRequest& request) { return Front(sources, request); }},
          File("/console/front.js", "text/javascript; charset=utf-8", kConsoleScript),
          File("/console/front.css", "text/css; charset=utf-8", kConsoleStyle),
          File("/console/astronaut.jpg", "image/jpeg", kConsoleAstronaut, /*gzip=*/false),
          {.path = "/console/", .below = true, .exposed = http::kExposeConsole, .make = [](const PageRequest&) {
             return Page{.status = 404, .body = "the console has no such page; it begins at /\n"};
           }}};
}

}  // namespace sluice
