// Parses HTTP/1.x requests, strictly: whatever two servers could read differently (request smuggling) is an error.
// Boost.Beast does the grammar of the head; the rules on top are in h1_parser.cc, bodies are in chunk_decoder.h. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "transport/http/exchange.h"
#include "transport/http/limits.h"

namespace sluice::http {

class H1Parser {
 public:
  enum class State { kHead, kBody, kDone, kError };

  struct Fault {
    int status = 400;
    std::string_view detail;  // a constant
  };

  // `limits` outlives the parser.
  explicit H1Parser(const Limits& limits);
  ~H1Parser();

  // Forgets everything; the next byte begins a new request.
  void Reset();

  // Takes what it can of `in` and returns how many bytes; the caller presents the rest again, with more after it.
  // Returns early after the head and after each piece of the body: call it until it takes nothing or state() is final.
  // A piece of the body is in body() until the next call, and points into `in`.
  size_t Parse(std::string_view in);

  State state() const;
  const Fault& fault() const;
  std::string_view body() const;

  // From the head on.
  RequestHead& head();  // received and peer are left to the caller
  bool http10() const;
  bool keep_alive() const;  // as the client asked, by version and Connection
  bool expects_continue() const;
  bool is_chunked() const;
  uint64_t body_remaining() const;  // of a Content-Length body
  // So much of it (at most all that remains) came another way.
  void SkipBody(size_t bytes);

 private:
  class Impl;
  const Limits& limits_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::http
