#include "transport/pages/etag.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace sluice::pages {
namespace {

constexpr size_t kMembersMax = 100;  // of a list that a client sends

}  // namespace

std::string ETagOf(std::string_view content) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: nobody gains by a collision, and it is the same in every process
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return absl::StrFormat("W/\"%016x\"", hash);
}

bool HasETag(std::string_view if_none_match, std::string_view etag) {
  const auto opaque = [](absl::string_view tag) {
    tag = absl::StripAsciiWhitespace(tag);
    return absl::StartsWith(tag, "W/") ? tag.substr(2) : tag;
  };
  const absl::string_view ours = opaque(ToAbsl(etag));
  size_t members = 0;
  for (const absl::string_view tag : absl::StrSplit(ToAbsl(if_none_match), ',')) {
    if (const auto theirs = opaque(tag); theirs == ours || theirs == "*") return true;
    if (++members == kMembersMax) break;
  }
  return false;
}

}  // namespace sluice::pages
