#include "base/config/cache_dir.h"

#include <cstdlib>

namespace sluice {

std::string CacheDir(std::string_view configured) {
  if (configured == "off") return "";
  if (!configured.empty()) return std::string(configured);
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/')
    return std::string(xdg) + "/sluice";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.cache/sluice";
  return "";
}

}  // namespace sluice
