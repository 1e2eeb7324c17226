#include "transport/http/h1_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"
#include "transport/http/canonical.h"
#include "transport/http/chunk_decoder.h"

namespace sluice::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastError = beast::http::error;

std::string_view View(beast::string_view s) { return {s.data(), s.size()}; }
bool EqualsNoCase(std::string_view a, std::string_view b) { return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b)); }

// Lines end in CRLF and nothing else, and no line of the head begins with white space (obs-fold).
bool HasBadLines(std::string_view head) {
  if (!head.empty() && (head[0] == ' ' || head[0] == '\t')) return true;
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\r' && (i + 1 == head.size() || head[i + 1] != '\n')) return true;
    if (head[i] != '\n') continue;
    if (i == 0 || head[i - 1] != '\r') return true;
    if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) return true;
  }
  return false;
}

// Beast waits for the end of the head before it looks; a client that never sends CR would only time out.
bool HasBareLf(std::string_view head, size_t from) {
  for (size_t i = head.find('\n', from); i != std::string_view::npos; i = head.find('\n', i + 1)) {
    if (i == 0 || head[i - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

class H1Parser::Impl final : public beast::http::basic_parser<true> {
 public:
  explicit Impl(const Limits& limits) : limits_(limits) {
    eager(false);
    skip(true);  // the body is framed here; the codec bounds it: only it knows a message from an endless stream
    header_limit(static_cast<uint32_t>(limits.header_bytes_max));
  }

  size_t Parse(std::string_view in) {
    body_ = {};
    if (in.empty() || state_ == State::kDone || state_ == State::kError) return 0;
    return state_ == State::kHead ? ParseHead(in) : ParseBody(in);
  }

  const Limits& limits_;
  RequestHead head_;
  State state_ = State::kHead;
  Fault fault_;
  std::string_view body_;
  bool http10_ = false, expects_continue_ = false, chunked_ = false, has_length_ = false;
  uint64_t body_left_ = 0;  // of a Content-Length body

 private:
  size_t ParseHead(std::string_view in) {
    error_code error;
    const size_t used = put(boost::asio::const_buffer(in.data(), in.size()), error);
    // An error takes nothing: then the line at fault is the first.
    const std::string_view lines = in.substr(0, used > 0 || !error ? used : in.find('\n') + 1);
    if (HasBadLines(lines)) {
      SetFault({400, "a line of the request head does not end with CRLF, or is folded"});
    } else if (error == BeastError::need_more) {
      if (HasBareLf(in, scanned_)) SetFault({400, "a line of the request head does not end with CRLF"});
      scanned_ = in.size() - used;
    } else if (error && state_ != State::kError) {
      SetFault(FaultOf(error));
    }
    return state_ == State::kError ? 0 : used;
  }

  size_t ParseBody(std::string_view in) {
    if (!chunked_) {
      body_ = in.substr(0, std::min<uint64_t>(body_left_, in.size()));
      body_left_ -= body_.size();
      if (body_left_ == 0) state_ = State::kDone;
      return body_.size();
    }
    const size_t used = chunks_.Decode(in);
    body_ = chunks_.piece();
    if (chunks_.state() == ChunkDecoder::State::kDone) state_ = State::kDone;
    if (chunks_.state() == ChunkDecoder::State::kError) SetFault({400, "a chunk of the request body is malformed"});
    return used;
  }

  void SetFault(Fault fault) {
    fault_ = fault;
    state_ = State::kError;
  }
  void Fail(error_code& error, Fault fault) {
    SetFault(fault);
    error = BeastError::bad_value;
  }

  static Fault FaultOf(const error_code& error) {
    if (error == BeastError::header_limit) return {431, "the request head is larger than this server accepts"};
    if (error == BeastError::bad_version) return {505, "only HTTP/1.0, HTTP/1.1 and HTTP/2 are supported"};
    if (error == BeastError::bad_content_length || error == BeastError::multiple_content_length) {
      return {400, "Content-Length is not a single number"};
    }
    if (error == BeastError::bad_transfer_encoding) return {400, "Transfer-Encoding is not exactly 'chunked'"};
    return {400, "the request is not valid HTTP/1.1"};
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error_code& error) override {
    head_.method = View(method);
    http10_ = version == 10;
    SetTarget(View(target), error);
  }

  // Forms of a request target: /path?query, http://host/path?query, * (OPTIONS). CONNECT is not supported.
  void SetTarget(std::string_view target, error_code& error) {
    if (const size_t scheme = target.find("://"); target[0] != '/' && scheme != std::string_view::npos) {
      const std::string_view name = target.substr(0, scheme);
      if (!EqualsNoCase(name, "http") && !EqualsNoCase(name, "https")) {
        return Fail(error, {400, "the request target is neither a path nor an http URL"});
      }
      target.remove_prefix(scheme + 3);
      const size_t path = target.find_first_of("/?");
      head_.authority = target.substr(0, path);
      if (head_.authority.empty() || head_.authority.find('@') != std::string::npos) {
        return Fail(error, {400, "the request target names no host"});
      }
      target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    }
    if (head_.method == "CONNECT") return Fail(error, {405, "CONNECT is not supported"});
    if (target.empty() || (target[0] != '/' && target[0] != '?' && target != "*")) {
      return Fail(error, {400, "the request target is neither a path nor an http URL"});
    }
    if (target.find('#') != std::string_view::npos) return Fail(error, {400, "the request target has a fragment"});
    const size_t query = target.find('?');
    head_.path = query == 0 ? std::string_view("/") : target.substr(0, query);
    if (query != std::string_view::npos) head_.query = target.substr(query + 1);
  }

  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    header_bytes_ += name.size() + value.size();
    if (head_.headers.size() >= limits_.headers_max || header_bytes_ > limits_.header_bytes_max) {
      return Fail(error, {431, "the request has more headers than this server accepts"});
    }
    name_.assign(name.data(), name.size());
    absl::AsciiStrToLower(&name_);
    if (SetSpecial(name_, View(value), error)) AddRequestHeader(name_, View(value), head_.headers);
  }

  // Headers that frame or address the request. False: an error, or not a header for the codec.
  bool SetSpecial(std::string_view name, std::string_view value, error_code& error) {
    if (name == "host") {
      if (++hosts_ > 1 || value.find_first_of(" \t,/@\\") != std::string_view::npos) {
        Fail(error, {400, "Host is not a single host name"});
        return false;
      }
      if (head_.authority.empty()) head_.authority = value;  // an absolute target goes before
      return true;
    }
    if (name == "content-length") {
      // A list of equal numbers is allowed by the RFC and read differently by proxies: refused.
      if (has_length_ || value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
        Fail(error, {400, "Content-Length is not a single number"});
        return false;
      }
      has_length_ = true;
    } else if (name == "transfer-encoding") {
      if (chunked_ || http10_ || !EqualsNoCase(value, "chunked")) {
        Fail(error, {400, "Transfer-Encoding is not exactly 'chunked'"});
        return false;
      }
      chunked_ = true;
    } else if (name == "expect") {
      if (!EqualsNoCase(value, "100-continue")) {
        Fail(error, {417, "Expect is something other than 100-continue"});
        return false;
      }
      expects_continue_ = !http10_;
    }
    return true;
  }

  void on_header_impl(error_code& error) override {
    if (hosts_ == 0 && !http10_) return Fail(error, {400, "Host is missing"});
    if (chunked_ && has_length_) return Fail(error, {400, "Content-Length and Transfer-Encoding are both present"});
    body_left_ = content_length().value_or(0);
    head_.expects_body = chunked_ || body_left_ > 0;
    if (!head_.expects_body) expects_continue_ = false;
    state_ = head_.expects_body ? State::kBody : State::kDone;
  }

  // Not called: Beast is told to skip bodies.
  size_t on_body_impl(beast::string_view, error_code&) override { return 0; }
  size_t on_chunk_body_impl(uint64_t, beast::string_view, error_code&) override { return 0; }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_body_init_impl(boost::optional<uint64_t> const&, error_code&) override {}
  void on_chunk_header_impl(uint64_t, beast::string_view, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  std::string name_;
  size_t hosts_ = 0, header_bytes_ = 0;
  size_t scanned_ = 0;  // of the unused input, by HasBareLf
  ChunkDecoder chunks_;
};

H1Parser::H1Parser(const Limits& limits) : limits_(limits), impl_(std::make_unique<Impl>(limits)) {}
H1Parser::~H1Parser() = default;

// A Beast parser is not reusable.
void H1Parser::Reset() { impl_ = std::make_unique<Impl>(limits_); }

size_t H1Parser::Parse(std::string_view in) { return impl_->Parse(in); }
H1Parser::State H1Parser::state() const { return impl_->state_; }
const H1Parser::Fault& H1Parser::fault() const { return impl_->fault_; }
std::string_view H1Parser::body() const { return impl_->body_; }
RequestHead& H1Parser::head() { return impl_->head_; }
bool H1Parser::http10() const { return impl_->http10_; }
bool H1Parser::keep_alive() const { return impl_->keep_alive(); }
bool H1Parser::expects_continue() const { return impl_->expects_continue_; }
bool H1Parser::is_chunked() const { return impl_->chunked_; }
uint64_t H1Parser::body_remaining() const { return impl_->body_left_; }
void H1Parser::SkipBody(size_t bytes) {
  impl_->body_left_ -= bytes;
  if (impl_->body_left_ == 0) impl_->state_ = State::kDone;
}

}  // namespace sluice::http
