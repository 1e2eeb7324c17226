// Pages for people and probes: /healthz, /readyz, /metrics and the front page. GET and HEAD; no Call, no access log.
#pragma once

#include <functional>
#include <string>

#include "base/executor.h"
#include "base/headers.h"
#include "transport/http/exchange.h"

namespace sluice::pages {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  bool gzip = false;  // `body` is compressed; unpacked for clients that do not take that
  Headers headers;    // more of them, in lower case
};

struct PageEntry {
  std::string path;
  uint32_t exposed = http::kExposeApi;  // bit of Peer::exposed that a listener needs to show it
  bool slow = false;                    // made on a worker (a metrics scrape), not on the loop
  std::function<Page()> make;           // thread-safe
};

class PagesCodec final : public http::Codec {
 public:
  // `chores` outlives the codec.
  PagesCodec(std::vector<PageEntry> pages, Executor& chores) : pages_(std::move(pages)), chores_(chores) {}
  bool Matches(const http::RequestHead& head) const override { return Find(head) != nullptr; }
  std::unique_ptr<http::ExchangeHandler> Start(http::Exchange& exchange) const override;

 private:
  const PageEntry* Find(const http::RequestHead& head) const;

  const std::vector<PageEntry> pages_;
  Executor& chores_;
};

}  // namespace sluice::pages
