// Pages for people and probes: /healthz, /readyz, /metrics, the documentation and the front page. GET and HEAD; no
// Call, no access log.
#pragma once

#include <functional>
#include <string>

#include "base/budget.h"
#include "base/executor.h"
#include "base/headers.h"
#include "transport/http/exchange.h"

namespace sluice::pages {

// What a page may depend on.
struct PageRequest {
  std::string path;
  std::string query;     // behind the '?'
  std::string accept;    // the Accept header, joined
  std::string origin;    // "http://127.0.0.1:8000", as the client calls this server
  uint32_t exposed = 0;  // of the listener
  bool takes_gzip = false;
};

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  bool gzip = false;  // `body` is compressed; unpacked for clients that do not accept that
  std::string etag;   // of ETagOf: clients may keep the page, and ask whether it changed; empty: not stored anywhere
  Headers headers;    // more of them, in lower case
};

struct PageEntry {
  std::string path;
  bool below = false;                            // also every path that begins with `path`
  uint32_t exposed = http::kExposeApi;           // bit of Peer::exposed that a listener needs to show it
  bool slow = false;                             // made on a worker (a metrics scrape), not on the loop
  Executor* thread = nullptr;                    // of a slow one that would keep a worker too long; outlives the codec
  std::function<Page(const PageRequest&)> make;  // thread-safe
};

class PagesCodec final : public http::Codec {
 public:
  // `chores` and `budget` outlive the codec. Of entries that match a path the first one counts.
  PagesCodec(std::vector<PageEntry> pages, Executor& chores, const Budget& budget)
      : pages_(std::move(pages)), chores_(chores), budget_(budget) {}
  bool Matches(const http::RequestHead& head) const override { return Find(head) != nullptr; }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;

 private:
  const PageEntry* Find(const http::RequestHead& head) const;

  const std::vector<PageEntry> pages_;
  Executor& chores_;
  const Budget& budget_;
};

}  // namespace sluice::pages
