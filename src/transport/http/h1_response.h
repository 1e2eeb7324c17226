// The response half of an HTTP/1.1 exchange: from SendHead / SendBody / SendTrailers to framed bytes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/headers.h"
#include "transport/http/out_queue.h"

namespace sluice::http {

class H1Response {
 public:
  struct Request {
    bool is_head = false;
    bool http10 = false;
    bool takes_trailers = false;
    bool keep_alive = true;
  };

  explicit H1Response(OutQueue& out) : out_(out) {}

  void Begin(const Request& request);

  // The head is kept until the first body bytes, so that a response given in one go has a content-length.
  void SendHead(int status, const Headers& headers);
  void SendBody(std::string&& bytes);
  // `trailers` may be null. The response is complete.
  void End(std::string&& last_bytes, const Headers* trailers);
  // Writes a head that still waits: its body comes later, as a stream.
  void FlushHead();

  bool head_given() const { return head_given_; }
  bool head_written() const { return head_given_ && !head_waits_; }
  bool done() const { return done_; }
  // The connection must close after this response. Announced in the head when it is known by then.
  bool must_close() const { return must_close_; }
  void CloseAfter() { must_close_ = true; }
  void set_date(std::string_view date) { date_ = date; }

 private:
  enum class Framing { kNone, kLength, kChunked, kUntilClose };

  void WriteHead(const uint64_t* known_length);
  void WriteBody(std::string&& bytes);

  OutQueue& out_;
  Request request_;
  std::string_view date_;
  int status_ = 0;
  Headers headers_;
  Framing framing_ = Framing::kNone;
  uint64_t length_left_ = 0;
  bool head_given_ = false, head_waits_ = false, done_ = false, must_close_ = false;
};

}  // namespace sluice::http
