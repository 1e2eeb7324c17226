#include "transport/pages/codec.h"

#include "base/check.h"
#include "base/lifeline.h"
#include "base/no_memory.h"
#include "base/strings.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"
#include "transport/pages/etag.h"
#include "transport/rest/media_type.h"
#include "transport/rest/problem.h"

namespace sluice::pages {
namespace {

constexpr size_t kPageBytesMax = 16 << 20;

PageRequest RequestOf(const http::RequestHead& head, bool takes_gzip) {
  return {.path = head.path,
          .query = head.query,
          .accept = http::JoinedHeader(head.headers, "accept"),
          .origin = StrCat(head.peer.tls ? "https://" : "http://", head.authority),
          .exposed = head.peer.exposed,
          .takes_gzip = takes_gzip};
}

Page NoMemory() {
  Page page{.status = 503, .body = StrCat(kBudgetUsedUp, "\n")};
  page.headers.Add("retry-after", "1");
  return page;
}

// Unpacks a compressed page for a client that does not accept one.
Page Make(const PageEntry& entry, const PageRequest& request, bool takes_gzip) {
  Page page = entry.make(request);
  if (page.gzip && !takes_gzip) {
    std::string plain;
    const absl::Status unpacked = transport::Inflate(page.body, kPageBytesMax, plain);
    SLUICE_CHECK(unpacked.ok(), entry.path);
    page.body = std::move(plain);
    page.gzip = false;
  }
  return page;
}

class PageExchange final : public http::ExchangeHandler {
 public:
  PageExchange(http::Exchange& exchange, const Budget& budget) : exchange_(exchange), budget_(budget) {}

  void Begin(const PageEntry& page, Executor& chores) {
    if (exchange_.head().method != "GET") return SendNotAllowed();
    const bool takes_gzip = rest::WantsGzip(http::JoinedHeader(exchange_.head().headers, "accept-encoding"), true);
    PageRequest request = RequestOf(exchange_.head(), takes_gzip);
    if (!page.slow) return Send(Make(page, request, takes_gzip));
    (page.thread == nullptr ? chores : *page.thread)
        .Post(lifeline_.RoundTrip(
            exchange_.loop(), Page(),
            [&page, takes_gzip, request = std::move(request)](Page& made) { made = Make(page, request, takes_gzip); },
            [this](Page made) { Send(std::move(made)); }));
  }
  void OnBody(std::string_view bytes) override { exchange_.ConsumeBody(bytes.size()); }
  void OnBodyEnd() override {}
  void OnClosed(http::CloseReason) override {}

 private:
  void SendNotAllowed() {
    const bool asked = exchange_.head().method == "OPTIONS";
    Page page{.status = asked ? 204 : 405, .body = asked ? "" : "this page supports GET and HEAD\n"};
    rest::AddAllow("GET", page.headers);
    Send(std::move(page));
  }

  void Send(Page page) {
    if (page.body.size() > Budget::kSmallBytes && !budget_.Fits(page.body.size())) page = NoMemory();
    Headers headers;
    headers.Add("cache-control", page.etag.empty() ? "no-store" : "no-cache");
    if (!page.etag.empty()) headers.Add("etag", page.etag);
    if (page.gzip) headers.Add("vary", "accept-encoding");
    headers.AddAll(page.headers);
    if (IsKnown(page)) return exchange_.SendHead(304, headers, true);
    headers.Add("content-type", page.content_type);
    headers.Add("content-length", std::to_string(page.body.size()));
    if (page.gzip) headers.Add("content-encoding", "gzip");
    exchange_.SendHead(page.status, headers, false);
    exchange_.SendBody(std::move(page.body), true);
  }

  // Whether the client says that it has the page already.
  bool IsKnown(const Page& page) const {
    if (page.etag.empty() || page.status != 200) return false;
    return HasETag(http::JoinedHeader(exchange_.head().headers, "if-none-match"), page.etag);
  }

  http::Exchange& exchange_;
  const Budget& budget_;
  Lifeline lifeline_;
};

}  // namespace

const PageEntry* PagesCodec::Find(const http::RequestHead& head) const {
  for (const PageEntry& page : pages_) {
    const bool same = page.below ? head.path.starts_with(page.path) : head.path == page.path;
    if (same && (page.exposed & head.peer.exposed) != 0) return &page;
  }
  return nullptr;
}

std::unique_ptr<http::ExchangeHandler> PagesCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<PageExchange>(exchange, budget_);
  handler->Begin(*Find(exchange.head()), chores_);
  return handler;
}

}  // namespace sluice::pages
