#include "repository/fetchable.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/config/file.h"
#include "base/strings.h"

namespace sluice {

std::set<std::string, std::less<>> IdsInCatalog(std::string_view catalog) {
  std::set<std::string, std::less<>> ids;
  for (absl::string_view line : absl::StrSplit(ToAbsl(catalog), '\n')) {
    if (absl::ConsumePrefix(&line, "- id: ")) ids.emplace(absl::StripAsciiWhitespace(line));
  }
  return ids;
}

std::set<std::string, std::less<>> FetchableIds(const std::string& root) {
  const auto catalog = ReadFile(root + "/catalog.yaml", 1 << 20);
  return catalog.ok() ? IdsInCatalog(*catalog) : std::set<std::string, std::less<>>();
}

}  // namespace sluice
