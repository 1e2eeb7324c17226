// Where compiled models are kept between starts.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// `configured` as in models.cache_dir: a path, "off" (gives ""), or "" = $XDG_CACHE_HOME/sluice, else ~/.cache/sluice,
// else "".
std::string CacheDir(std::string_view configured);

}  // namespace sluice
