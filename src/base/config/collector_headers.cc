#include "base/config/collector_headers.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 7> kOurs = {"connection", "content-encoding",  "content-length", "content-type",
                                                   "host",       "transfer-encoding", "user-agent"};

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsValueCharacter(char c) { return c == '\t' || (c >= ' ' && c != 0x7f) || (c & 0x80) != 0; }

}  // namespace

absl::Status CheckCollectorHeader(std::string_view header) {
  const size_t equals = std::min(header.find('='), header.size());
  const std::string_view name = header.substr(0, equals);
  if (equals == header.size()) return absl::InvalidArgumentError("is not name=value");
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return absl::InvalidArgumentError("has a name that is none of a header");
  }
  const auto is_it = [name](std::string_view ours) { return absl::EqualsIgnoreCase(ToAbsl(ours), ToAbsl(name)); };
  if (std::any_of(kOurs.begin(), kOurs.end(), is_it)) {
    return absl::InvalidArgumentError(StrCat("names ", name, ", which the exporter sets"));
  }
  if (!std::all_of(header.begin() + static_cast<std::ptrdiff_t>(equals), header.end(), IsValueCharacter)) {
    return absl::InvalidArgumentError(StrCat("has a value for ", name, " that is none of a header"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ParseCollectorHeaders(std::string_view list) {
  std::vector<std::string> headers;
  for (const auto member : absl::StrSplit(ToAbsl(list), ',', absl::SkipWhitespace())) {
    const std::string_view text = ToStd(absl::StripAsciiWhitespace(member));
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return absl::InvalidArgumentError("is not name=value,name=value");
    const auto name = PercentDecode(ToStd(absl::StripAsciiWhitespace(ToAbsl(text.substr(0, equals)))));
    const auto value = PercentDecode(ToStd(absl::StripAsciiWhitespace(ToAbsl(text.substr(equals + 1)))));
    if (!name || !value) return absl::InvalidArgumentError("has a '%' without two hex digits");
    headers.push_back(StrCat(*name, "=", *value));
    RETURN_IF_ERROR(CheckCollectorHeader(headers.back()));
  }
  return headers;
}

}  // namespace sluice
