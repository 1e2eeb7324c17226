#include "transport/http/h1_writer.h"

#include "base/strings.h"

namespace sluice::http {
namespace {

// A value that ended the line would start a header, or a response, of somebody else's making.
void AppendClean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  AppendClean(out, value);
  out += "\r\n";
}

bool IsOurs(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "date" ||
         name == "server";
}

std::string_view ReasonOfFault(int status) {
  switch (status) {
    case 405: return "VERB_NOT_ALLOWED";
    case 408: return "REQUEST_TIMEOUT";
    case 417:
    case 505: return "UNIMPLEMENTED";
    case 431: return "HEADERS_TOO_LARGE";
    case 503: return "OVERLOADED";
    default: return "PROTOCOL_ERROR";
  }
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string WriteH1Head(const H1ResponseHead& head) {
  std::string out;
  out.reserve(160 + head.headers.bytes() + 4 * head.headers.size());
  out = StrCat("HTTP/1.1 ", head.status, " ", ReasonPhrase(head.status), "\r\n");
  AppendField(out, "date", head.date);
  out += "server: sluice\r\n";
  bool has_length = false;
  for (size_t i = 0; i < head.headers.size(); ++i) {
    const Headers::Field field = head.headers[i];
    if (IsOurs(field.name)) continue;
    if (field.name == "content-length") {
      if (has_length || !head.keep_content_length) continue;
      has_length = true;
    }
    AppendField(out, field.name, field.value);
  }
  if (head.chunked) out += "transfer-encoding: chunked\r\n";
  if (head.content_length && !has_length) out += StrCat("content-length: ", *head.content_length, "\r\n");
  if (!head.connection.empty()) AppendField(out, "connection", head.connection);
  out += "\r\n";
  return out;
}

std::string WriteH1Fault(int status, std::string_view detail, std::string_view date) {
  const std::string body = StrCat(R"({"type":"about:blank","title":")", ReasonPhrase(status), R"(","status":)", status,
                                  R"(,"detail":")", detail, R"(","reason":")", ReasonOfFault(status), R"("})", "\n");
  Headers headers;
  headers.Add("content-type", "application/problem+json");
  if (status == 503) headers.Add("retry-after", "1");
  return WriteH1Head({.status = status,
                      .headers = headers,
                      .content_length = body.size(),
                      .connection = "close",
                      .date = date}) +
         body;
}

}  // namespace sluice::http
