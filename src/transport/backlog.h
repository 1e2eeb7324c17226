// Body bytes that came while nobody took them: kept, and not given back to flow control, until they are taken. This is
// how a stream that is slower than its client makes the client wait.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "transport/http/exchange.h"

namespace sluice::transport {

class Backlog {
 public:
  // Takes bytes from the front and says how many; fewer than there are only when it can take no more for now.
  using Eat = std::function<size_t(std::string_view)>;

  Backlog(http::Exchange& exchange, Eat eat) : exchange_(exchange), eat_(std::move(eat)) {}

  void OnBody(std::string_view bytes);
  // More can be taken. Does nothing inside `eat`, which looks itself.
  void Resume();
  bool empty() const { return bytes_.empty(); }

 private:
  size_t Feed(std::string_view bytes);

  http::Exchange& exchange_;
  const Eat eat_;
  std::string bytes_;
  size_t taken_ = 0;  // of bytes_
  bool eating_ = false;
};

}  // namespace sluice::transport
