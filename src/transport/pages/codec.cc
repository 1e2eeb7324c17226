#include "transport/pages/codec.h"

namespace sluice::pages {
namespace {

class PageExchange final : public http::ExchangeHandler {
 public:
  explicit PageExchange(http::Exchange& exchange)
      : exchange_(exchange), alive_(std::make_shared<PageExchange*>(this)) {}
  ~PageExchange() override { *alive_ = nullptr; }

  void Begin(const PageEntry& page, Executor& chores) {
    if (!page.slow) return Send(page.make());
    Loop& loop = exchange_.loop();
    chores.Post([&page, &loop, alive = alive_]() mutable {
      loop.Post([alive = std::move(alive), made = page.make()]() mutable {
        if (*alive != nullptr) (*alive)->Send(std::move(made));
      });
    });
  }
  void OnBody(std::string_view bytes) override { exchange_.ConsumeBody(bytes.size()); }
  void OnBodyEnd() override {}
  void OnClosed(http::CloseReason) override { *alive_ = nullptr; }

 private:
  void Send(Page page) {
    Headers headers;
    headers.Add("content-type", page.content_type);
    headers.Add("content-length", std::to_string(page.body.size()));
    headers.Add("cache-control", "no-store");
    const bool head = exchange_.head().method == "HEAD";
    exchange_.SendHead(page.status, headers, head);
    if (!head) exchange_.SendBody(std::move(page.body), true);
  }

  http::Exchange& exchange_;
  std::shared_ptr<PageExchange*> alive_;  // read and written on the loop only
};

}  // namespace

const PageEntry* PagesCodec::Find(const http::RequestHead& head) const {
  if (head.method != "GET" && head.method != "HEAD") return nullptr;
  for (const PageEntry& page : pages_) {
    if (page.path == head.path && (page.exposed & head.peer.exposed) != 0) return &page;
  }
  return nullptr;
}

std::unique_ptr<http::ExchangeHandler> PagesCodec::Start(http::Exchange& exchange) const {
  auto handler = std::make_unique<PageExchange>(exchange);
  handler->Begin(*Find(exchange.head()), chores_);
  return handler;
}

}  // namespace sluice::pages
