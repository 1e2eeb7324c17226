#include "cli/http_client.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "cli/server_address.h"

namespace sluice::cli {
namespace {

namespace beast = boost::beast;
namespace asio = boost::asio;

// The steps in order on one io_context, which runs no longer than `timeout`. Asio's plain operations and Beast's parser
// alone:
// Beast's own streams would take as long to compile as ten other files.
struct Conversation {
  asio::io_context io;
  asio::ip::tcp::resolver resolver{io};
  asio::ip::tcp::socket socket{io};
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  beast::error_code error;

  void Run(const HostPort& to, const std::string& request, absl::Duration timeout) {
    const auto endpoints = resolver.resolve(to.host, to.port, error);
    if (error) return;
    error = asio::error::timed_out;  // until a step ends it
    parser.body_limit(256u << 20);
    parser.eager(true);
    asio::async_connect(socket, endpoints, [&](beast::error_code e, const auto&) {
      if (e) return void(error = e);
      asio::async_write(socket, asio::buffer(request), [&](beast::error_code e, size_t) {
        // A server that refuses a large body answers before it has read all of it.
        if (e && e != asio::error::broken_pipe && e != asio::error::connection_reset) return void(error = e);
        Read();
      });
    });
    io.run_for(std::chrono::milliseconds(absl::ToInt64Milliseconds(timeout)));
  }

  void Read() {
    socket.async_read_some(buffer.prepare(64 << 10), [this](beast::error_code e, size_t bytes) {
      buffer.commit(bytes);
      Take(e);
    });
  }

  void Take(beast::error_code e) {
    if (e && e != asio::error::eof) return void(error = e);
    beast::error_code wrong;
    if (e && !parser.got_some()) {
      wrong = beast::http::error::end_of_stream;  // the server went before it said anything
    } else if (e) {
      parser.put_eof(wrong);
    } else {
      buffer.consume(parser.put(buffer.data(), wrong));
      if (wrong == beast::http::error::need_more) wrong = {};
    }
    if (wrong || parser.is_done()) return void(error = wrong);
    Read();
  }
};

std::optional<absl::Duration> Seconds(const std::string& text) {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(text, &seconds) || seconds < 0) return std::nullopt;
  return absl::Seconds(seconds);
}

// `head` is the request line and what is said of the body.
absl::StatusOr<HttpAnswer> Talk(const std::string& server, const std::string& head, const std::string& body,
                                absl::Duration timeout) {
  ASSIGN_OR_RETURN(const HostPort to, ParseServer(server));
  Conversation conversation;
  conversation.Run(to, StrCat(head, "Host: ", to.host, ":", to.port, "\r\nConnection: close\r\n\r\n", body), timeout);
  if (conversation.error) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("no response from ", server, ": ", conversation.error.message(),
                                                   "; is `sluice serve` running?"));
  }
  auto response = conversation.parser.release();
  return HttpAnswer{.status = static_cast<int>(response.result_int()),
                    .content_type = std::string(response[beast::http::field::content_type]),
                    .body = std::move(response.body()),
                    .retry_after = Seconds(std::string(response[beast::http::field::retry_after]))};
}

}  // namespace

absl::StatusOr<HttpAnswer> HttpPost(const std::string& server, const std::string& target,
                                    const std::string& content_type, const std::string& body, absl::Duration timeout,
                                    const HttpHeaders& headers) {
  std::string head = StrCat("POST ", target, " HTTP/1.1\r\nContent-Type: ", content_type, "\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  absl::StrAppend(&head, "Content-Length: ", body.size(), "\r\n");
  return Talk(server, head, body, timeout);
}

absl::StatusOr<HttpAnswer> HttpGet(const std::string& server, const std::string& target, absl::Duration timeout) {
  return Talk(server, StrCat("GET ", target, " HTTP/1.1\r\n"), {}, timeout);
}

}  // namespace sluice::cli
