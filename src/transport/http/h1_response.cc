#include "transport/http/h1_response.h"

#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "transport/http/h1_writer.h"

namespace sluice::http {
namespace {

bool StatusHasNoBody(int status) { return status == 204 || status == 304; }

std::optional<uint64_t> GivenLength(const Headers& headers) {
  uint64_t length = 0;
  const auto text = headers.Find("content-length");
  return text && absl::SimpleAtoi(ToAbsl(*text), &length) ? std::optional(length) : std::nullopt;
}

}  // namespace

void H1Response::Begin(const Request& request) {
  request_ = request;
  framing_ = Framing::kNone;
  length_left_ = 0;
  head_given_ = head_waits_ = done_ = false;
  must_close_ = !request.keep_alive;
}

void H1Response::SendHead(int status, const Headers& headers) {
  if (head_given_) return;
  head_given_ = head_waits_ = true;
  status_ = status;
  headers_ = headers;
}

void H1Response::SendBody(std::string&& bytes) {
  if (!head_given_ || done_ || bytes.empty()) return;
  if (head_waits_) WriteHead(nullptr);
  WriteBody(std::move(bytes));
}

void H1Response::End(std::string&& last_bytes, const Headers* trailers) {
  if (!head_given_ || done_) return;
  done_ = true;
  if (head_waits_) {
    const uint64_t length = last_bytes.size();
    WriteHead(&length);
  }
  WriteBody(std::move(last_bytes));
  if (framing_ == Framing::kLength && length_left_ > 0) must_close_ = true;  // the codec promised more
  if (framing_ != Framing::kChunked) return;
  std::string end = "0\r\n";
  for (size_t i = 0; trailers != nullptr && request_.takes_trailers && i < trailers->size(); ++i) {
    const Headers::Field field = (*trailers)[i];
    const std::string value(field.value);
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) continue;
    end.append(field.name).append(": ").append(value).append("\r\n");
  }
  out_.Append(end + "\r\n");
}

void H1Response::FlushHead() {
  if (head_waits_) WriteHead(nullptr);
}

void H1Response::WriteHead(const uint64_t* known_length) {
  head_waits_ = false;
  H1ResponseHead head{.status = status_, .headers = headers_, .date = date_};
  const std::optional<uint64_t> given = GivenLength(headers_);
  if (status_ == 101) {
    framing_ = Framing::kUntilClose;
  } else if (StatusHasNoBody(status_)) {
    framing_ = Framing::kNone;
    head.keep_content_length = status_ == 304;
  } else if (request_.is_head) {
    framing_ = Framing::kNone;
    if (known_length != nullptr && *known_length > 0) head.content_length = *known_length;
  } else if (given || known_length != nullptr) {
    framing_ = Framing::kLength;
    length_left_ = given ? *given : *known_length;
    head.content_length = length_left_;
  } else if (request_.http10) {
    framing_ = Framing::kUntilClose;
    must_close_ = true;
  } else {
    framing_ = Framing::kChunked;
    head.chunked = true;
  }
  if (status_ == 101) {
    must_close_ = true;  // in whatever state the other protocol leaves the connection
    head.connection = "Upgrade";
  } else if (must_close_) {
    head.connection = "close";
  } else if (request_.http10) {
    head.connection = "keep-alive";
  }
  out_.Append(WriteH1Head(head));
  headers_.Clear();
}

void H1Response::WriteBody(std::string&& bytes) {
  if (bytes.empty()) return;
  switch (framing_) {
    case Framing::kNone: return;
    case Framing::kUntilClose: return out_.Append(std::move(bytes));
    case Framing::kLength:
      if (bytes.size() > length_left_) {  // more than promised would be read as the next response
        bytes.resize(length_left_);
        must_close_ = true;
      }
      length_left_ -= bytes.size();
      return out_.Append(std::move(bytes));
    case Framing::kChunked: {
      char size[20];
      const auto end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
      out_.Append(std::string_view(size, static_cast<size_t>(end - size)));
      out_.Append(std::string_view("\r\n"));
      out_.Append(std::move(bytes));
      out_.Append(std::string_view("\r\n"));
    }
  }
}

}  // namespace sluice::http
