#include "transport/rest/multipart.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/error.h"
#include "base/strings.h"
#include "transport/rest/media_type.h"

namespace sluice::rest {
namespace {

constexpr size_t kBoundaryMax = 70;  // RFC 2046
constexpr std::string_view kLineEnd = "\r\n";

absl::Status Bad(std::string_view problem) {
  return Error(Reason::INVALID_BODY, StrCat("the multipart body ", problem));
}

bool IsBoundary(std::string_view boundary) {
  if (boundary.empty() || boundary.size() > kBoundaryMax || boundary.back() == ' ') return false;
  for (char c : boundary) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) return false;
  }
  return true;
}

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

class Parser {
 public:
  Parser(std::string_view body, std::string_view boundary, const MultipartLimits& limits)
      : body_(body), delimiter_(StrCat("\r\n--", boundary)), limits_(limits) {}

  absl::StatusOr<std::vector<MultipartPart>> Parse() {
    // The first boundary may open the body or follow a preamble; only there it has no line before it.
    const std::string_view first = std::string_view(delimiter_).substr(kLineEnd.size());
    if (StartsWith(body_, first)) {
      at_ = first.size();
    } else {
      const size_t found = body_.find(delimiter_);
      if (found == std::string_view::npos) return Bad("does not contain the boundary that its Content-Type names");
      at_ = found + delimiter_.size();
    }
    for (bool last = false;;) {
      RETURN_IF_ERROR(EndOfBoundary(last));
      if (last) return std::move(parts_);
      if (parts_.size() == limits_.parts_max)
        return Bad(StrCat("has more than ", limits_.parts_max, " parts; send fewer"));
      RETURN_IF_ERROR(Part());
    }
  }

 private:
  // "--" closes the body, else white space and a line end follow.
  absl::Status EndOfBoundary(bool& last) {
    if (StartsWith(body_.substr(at_), "--")) {
      last = true;
      return absl::OkStatus();
    }
    while (at_ < body_.size() && (body_[at_] == ' ' || body_[at_] == '\t')) ++at_;
    if (at_ == body_.size()) return Bad("ends at a boundary; it must end with the boundary and '--'");
    if (!StartsWith(body_.substr(at_), kLineEnd)) return Bad("has more text on a boundary's line");
    at_ += kLineEnd.size();
    return absl::OkStatus();
  }

  absl::Status Part() {
    MultipartPart part;
    RETURN_IF_ERROR(Headers(part));
    // A part may be empty: then the line end before the boundary is also the one that ends the headers.
    const size_t from = at_ - kLineEnd.size();
    const size_t end = body_.find(delimiter_, from);
    if (end == std::string_view::npos) return Bad(StrCat("ends inside part '", part.name, "'; send all of it"));
    part.data = end > at_ ? body_.substr(at_, end - at_) : std::string_view();
    at_ = end + delimiter_.size();
    parts_.push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status Headers(MultipartPart& part) {
    const size_t limit = at_ + limits_.header_bytes_max;
    bool named = false;
    for (;;) {
      const size_t end = body_.substr(0, std::min(limit, body_.size())).find(kLineEnd, at_);
      if (end == std::string_view::npos) {
        return Bad(limit < body_.size()
                       ? StrCat("has a part with more than ", limits_.header_bytes_max, " bytes of headers")
                       : std::string("ends inside a part's headers; send all of it"));
      }
      const std::string_view line = body_.substr(at_, end - at_);
      at_ = end + kLineEnd.size();
      if (line.empty()) break;
      RETURN_IF_ERROR(Header(line, part, named));
    }
    return named ? absl::OkStatus() : Bad("has a part without a name; give each a Content-Disposition with name=");
  }

  absl::Status Header(std::string_view line, MultipartPart& part, bool& named) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return Bad("has a part header without ':'");
    const absl::string_view name = ToAbsl(line.substr(0, colon));
    const std::string_view value = ToStd(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
    if (absl::EqualsIgnoreCase(name, "content-type")) part.content_type = std::string(value);
    if (absl::EqualsIgnoreCase(name, "content-transfer-encoding") && !absl::EqualsIgnoreCase(ToAbsl(value), "binary") &&
        !absl::EqualsIgnoreCase(ToAbsl(value), "8bit") && !absl::EqualsIgnoreCase(ToAbsl(value), "7bit")) {
      return Bad("has a part with a Content-Transfer-Encoding; send the bytes as they are");
    }
    if (!absl::EqualsIgnoreCase(name, "content-disposition")) return absl::OkStatus();
    return Disposition(value, part, named);
  }

  absl::Status Disposition(std::string_view value, MultipartPart& part, bool& named) {
    const size_t semicolon = std::min(value.find(';'), value.size());
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(ToAbsl(value.substr(0, semicolon))), "form-data")) {
      return Bad("has a part whose Content-Disposition is not form-data");
    }
    std::string_view rest = value.substr(semicolon);
    std::string key, text;
    while (TakeParameter(rest, key, text)) {
      if (key == "name") {
        part.name = text;
        named = true;
      } else if (key == "filename") {
        part.filename = text;
      }
    }
    return rest.empty() || rest == ";" ? absl::OkStatus() : Bad("has a part whose Content-Disposition cannot be read");
  }

  std::string_view body_;
  std::string delimiter_;
  const MultipartLimits& limits_;
  size_t at_ = 0;
  std::vector<MultipartPart> parts_;
};

}  // namespace

absl::StatusOr<std::vector<MultipartPart>> ParseMultipart(std::string_view body, std::string_view boundary,
                                                          const MultipartLimits& limits) {
  if (!IsBoundary(boundary)) {
    return Error(Reason::INVALID_BODY, "the Content-Type multipart/form-data needs a boundary of 1 to 70 characters");
  }
  return Parser(body, boundary, limits).Parse();
}

}  // namespace sluice::rest
