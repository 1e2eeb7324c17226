#include "cli/http_client.h"

#include <absl/strings/numbers.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {
namespace {

namespace beast = boost::beast;
namespace asio = boost::asio;
using Request = beast::http::request<beast::http::string_body>;

struct HostPort {
  std::string host, port;
};

absl::StatusOr<HostPort> Parse(std::string server) {
  if (server.starts_with("https://"))
    return Error(Reason::INVALID_REQUEST, "https is not supported here; use http://HOST:PORT");
  if (server.starts_with("http://")) server.erase(0, 7);
  if (const size_t slash = server.find('/'); slash != std::string::npos) server.erase(slash);
  const size_t colon = server.rfind(':');
  if (colon == std::string::npos || colon + 1 == server.size()) {
    return Error(Reason::INVALID_REQUEST, StrCat("'", server, "' is not HOST:PORT"));
  }
  std::string host = server.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{std::move(host), server.substr(colon + 1)};
}

// The steps in order on one io_context; beast's own timer bounds each of them.
struct Conversation {
  asio::io_context io;
  asio::ip::tcp::resolver resolver{io};
  beast::tcp_stream stream{io};
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  beast::error_code error;

  void Run(const HostPort& to, const Request& request, absl::Duration timeout) {
    const auto endpoints = resolver.resolve(to.host, to.port, error);
    if (error) return;
    stream.expires_after(std::chrono::milliseconds(absl::ToInt64Milliseconds(timeout)));
    parser.body_limit(256u << 20);
    stream.async_connect(endpoints, [&](beast::error_code e, const auto&) {
      if ((error = e)) return;
      beast::http::async_write(stream, request, [&](beast::error_code e, size_t) {
        // A server that refuses a large body answers before it has read all of it.
        if (e && e != asio::error::broken_pipe && e != asio::error::connection_reset) return void(error = e);
        beast::http::async_read(stream, buffer, parser, [&](beast::error_code e, size_t) { error = e; });
      });
    });
    io.run();
  }
};

std::optional<absl::Duration> Seconds(const std::string& text) {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(text, &seconds) || seconds < 0) return std::nullopt;
  return absl::Seconds(seconds);
}

absl::StatusOr<HttpAnswer> Talk(const std::string& server, Request request, absl::Duration timeout) {
  ASSIGN_OR_RETURN(const HostPort to, Parse(server));
  request.set(beast::http::field::host, StrCat(to.host, ":", to.port));
  request.set(beast::http::field::connection, "close");
  request.prepare_payload();
  Conversation conversation;
  conversation.Run(to, request, timeout);
  if (conversation.error) {
    return Error(Reason::MODEL_UNAVAILABLE,
                 StrCat("no answer from ", server, ": ", conversation.error.message(), "; is `sluice serve` running?"));
  }
  auto response = conversation.parser.release();
  return HttpAnswer{.status = static_cast<int>(response.result_int()),
                    .content_type = std::string(response[beast::http::field::content_type]),
                    .body = std::move(response.body()),
                    .retry_after = Seconds(std::string(response[beast::http::field::retry_after]))};
}

}  // namespace

absl::StatusOr<HttpAnswer> HttpPost(const std::string& server, const std::string& target,
                                    const std::string& content_type, std::string body, absl::Duration timeout,
                                    const HttpHeaders& headers) {
  Request request(beast::http::verb::post, target, 11);
  request.set(beast::http::field::content_type, content_type);
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = std::move(body);
  return Talk(server, std::move(request), timeout);
}

absl::StatusOr<HttpAnswer> HttpGet(const std::string& server, const std::string& target, absl::Duration timeout) {
  return Talk(server, Request(beast::http::verb::get, target, 11), timeout);
}

}  // namespace sluice::cli
