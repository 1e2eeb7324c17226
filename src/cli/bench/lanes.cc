#include "cli/bench/lanes.h"

#include <algorithm>

#include "base/error.h"

namespace sluice::cli::bench {
namespace {

size_t SourceOf(const std::string& ip, std::vector<std::string>& sources) {
  const auto at = std::find(sources.begin(), sources.end(), ip);
  if (at != sources.end()) return static_cast<size_t>(at - sources.begin());
  sources.push_back(ip);
  return sources.size() - 1;
}

}  // namespace

absl::StatusOr<Lanes> MakeLanes(const std::vector<Share>& classes, const std::vector<Share>& principals) {
  Lanes out{.principals = principals.size()};
  for (const Share& one : classes) {
    for (const Share& principal : principals) {
      ASSIGN_OR_RETURN(const Identity identity, ParseIdentity(principal.name));
      Lane lane{.source = SourceOf(identity.source_ip, out.sources)};
      if (!one.name.empty()) lane.headers.emplace_back("x-sluice-class", one.name);
      if (!identity.header.empty()) lane.headers.emplace_back(identity.header, identity.value);
      out.lanes.push_back(std::move(lane));
    }
  }
  return out;
}

}  // namespace sluice::cli::bench
