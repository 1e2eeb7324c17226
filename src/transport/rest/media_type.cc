#include "transport/rest/media_type.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "transport/http/canonical.h"

namespace sluice::rest {
namespace {

// More than anybody needs. Headers are read on loops, and 64 KiB hold tens of thousands of them.
constexpr size_t kMembersMax = 100, kParametersMax = 100;

bool IsTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || kMarks.find(c) != std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view TakeToken(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && IsTokenCharacter(text[n])) ++n;
  const std::string_view token = text.substr(0, n);
  text.remove_prefix(n);
  return token;
}

// After the opening quote; the closing one is taken too.
std::optional<std::string> TakeQuoted(std::string_view& text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

// The next member of a comma list; commas inside quotes do not count.
std::string_view TakeMember(std::string_view& list) {
  bool quoted = false;
  size_t i = 0;
  for (; i < list.size() && (quoted || list[i] != ','); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (quoted && list[i] == '\\') ++i;
  }
  i = std::min(i, list.size());
  const std::string_view member = Trim(list.substr(0, i));
  list.remove_prefix(std::min(i + 1, list.size()));
  return member;
}

// The q parameter, 1 when absent; a q that cannot be read counts as 0.
double QualityOf(std::string_view parameters) {
  std::string name, value;
  for (size_t i = 0; i < kParametersMax && TakeParameter(parameters, name, value); ++i) {
    if (name != "q") continue;
    double q = 0;
    return absl::SimpleAtod(value, &q) && q >= 0 && q <= 1 ? q : 0;
  }
  return 1;
}

// UTF-8 by any of its names, or a part of it.
bool IsUtf8Charset(std::string_view charset) {
  if (charset.empty()) return true;
  for (const absl::string_view name : {"utf-8", "utf8", "unicode-1-1-utf-8", "us-ascii", "ascii"}) {
    if (absl::EqualsIgnoreCase(ToAbsl(charset), name)) return true;
  }
  return false;
}

// How exactly a range ("text/*") names the offer: 0 not at all, 1 */*, 2 type/*, 3 by name.
int Fit(std::string_view sent, std::string_view offer) {
  const std::string lower = Lower(sent);
  const std::string_view range = http::UsualMediaType(lower);
  if (absl::EqualsIgnoreCase(ToAbsl(range), ToAbsl(offer))) return 3;
  if (range == "*/*" || range == "*") return 1;
  const size_t slash = offer.find('/');
  if (slash == std::string_view::npos) return 0;  // a coding, not a type
  if (range.size() != slash + 2 || range.substr(slash) != "/*") return 0;
  return absl::EqualsIgnoreCase(ToAbsl(range.substr(0, slash)), ToAbsl(offer.substr(0, slash))) ? 2 : 0;
}

// The quality of the range that fits best; -1 when none does.
double QualityFor(std::string_view header, std::string_view offer) {
  int best = 0;
  double quality = -1;
  for (size_t i = 0; i < kMembersMax && !header.empty(); ++i) {
    const std::string_view member = TakeMember(header);
    const size_t semicolon = std::min(member.find(';'), member.size());
    const int fit = Fit(Trim(member.substr(0, semicolon)), offer);
    if (fit <= best) continue;
    best = fit;
    quality = QualityOf(member.substr(semicolon));
  }
  return quality;
}

}  // namespace

std::string_view MediaType::Parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

bool TakeParameter(std::string_view& rest, std::string& name, std::string& value) {
  while (!rest.empty() && (rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
  name = Lower(TakeToken(rest));
  if (name.empty() || rest.empty() || rest[0] != '=') return false;
  rest.remove_prefix(1);
  if (!rest.empty() && rest[0] == '"') {
    rest.remove_prefix(1);
    auto quoted = TakeQuoted(rest);
    if (!quoted) return false;
    value = std::move(*quoted);
  } else {
    value = std::string(TakeToken(rest));
    if (value.empty()) return false;
  }
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
  return rest.empty() || rest[0] == ';';
}

std::optional<MediaType> ParseMediaType(std::string_view text) {
  text = Trim(text);
  MediaType out;
  out.type = Lower(TakeToken(text));
  if (out.type.empty() || text.empty() || text[0] != '/') return std::nullopt;
  text.remove_prefix(1);
  out.subtype = Lower(TakeToken(text));
  text = Trim(text);
  if (out.subtype.empty() || (!text.empty() && text[0] != ';')) return std::nullopt;
  while (!text.empty()) {
    std::string name, value;
    if (out.parameters.size() == kParametersMax) return std::nullopt;
    if (!TakeParameter(text, name, value)) {
      // A trailing ';' is common and harmless.
      if (name.empty() && text.empty()) break;
      return std::nullopt;
    }
    out.parameters.emplace_back(std::move(name), std::move(value));
  }
  const std::string sent = out.Name();
  if (const std::string_view usual = http::UsualMediaType(sent); usual != sent) {
    out.type = usual.substr(0, usual.find('/'));
    out.subtype = usual.substr(out.type.size() + 1);
  }
  return out;
}

bool IsJson(const MediaType& type) {
  const bool json = (type.type == "application" && type.subtype == "json") || absl::EndsWith(type.subtype, "+json");
  const std::string_view charset = type.Parameter("charset");
  return json && IsUtf8Charset(charset);
}

int BestMatch(std::string_view accept, std::span<const std::string_view> offers) {
  if (Trim(accept).empty()) return offers.empty() ? -1 : 0;
  int best = -1;
  double best_quality = 0;
  for (size_t i = 0; i < offers.size(); ++i) {
    const double quality = QualityFor(accept, offers[i]);
    if (quality > best_quality) {
      best = static_cast<int>(i);
      best_quality = quality;
    }
  }
  return best;
}

double CodingQuality(std::string_view accept_encoding, std::string_view coding) {
  const double quality = QualityFor(accept_encoding, coding);
  if (quality >= 0) return quality;
  return coding == "identity" ? 1 : 0;
}

bool WantsGzip(std::string_view accept_encoding, bool worthwhile) {
  const double gzip = CodingQuality(accept_encoding, "gzip");
  if (gzip <= 0) return false;
  const double identity = QualityFor(accept_encoding, "identity");
  if (identity == 0) return true;                        // nothing else will do
  return worthwhile && gzip >= std::max(identity, 0.0);  // unnamed, it is what is liked least
}

}  // namespace sluice::rest
