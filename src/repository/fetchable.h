// Which models have weights that can be fetched: the entries of <root>/catalog.yaml, which tools/get_models.py reads.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace sluice {

// Ids of a catalog's entries, which begin with "- id: ". Nothing else of it is read.
std::set<std::string, std::less<>> IdsInCatalog(std::string_view catalog);
// Empty when `root` has no catalog.
std::set<std::string, std::less<>> FetchableIds(const std::string& root);

}  // namespace sluice
