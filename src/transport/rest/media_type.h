// The headers that say what a body is and what an answer may be: Content-Type, Accept, Accept-Encoding (RFC 9110).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::rest {

// "multipart/form-data; boundary=x": names in lower case and as they are registered (http::UsualMediaType), quoted
// values without their quotes.
struct MediaType {
  std::string type;     // "multipart"
  std::string subtype;  // "form-data"
  std::vector<std::pair<std::string, std::string>> parameters;

  std::string Name() const { return type + "/" + subtype; }
  // Empty when absent. `name` in lower case.
  std::string_view Parameter(std::string_view name) const;
};

// Nothing when the text is not a media type, or has more than 100 parameters.
std::optional<MediaType> ParseMediaType(std::string_view text);

// True for application/json and any +json, with charset absent or utf-8.
bool IsJson(const MediaType& type);

// The offer ("application/json") the client likes best; the first of equals. An empty header accepts all; -1 when none
// will do. Ranges that cannot be read are left out, and so is what comes after the first hundred.
int BestMatch(std::string_view accept, std::span<const std::string_view> offers);

// The quality (0 to 1) the header gives a coding ("gzip"); an empty header gives 0 to all but identity.
double CodingQuality(std::string_view accept_encoding, std::string_view coding);

// Whether to compress an answer: the client takes gzip, and compressing is worthwhile and not liked less than leaving
// it, or `identity;q=0` leaves nothing else.
bool WantsGzip(std::string_view accept_encoding, bool worthwhile);

// The values of a ;-separated header: takes the next parameter off `rest` (which begins at a ';'). False at the end or
// when the rest cannot be read.
bool TakeParameter(std::string_view& rest, std::string& name, std::string& value);

}  // namespace sluice::rest
