#include "cli/version.h"

#include "base/strings.h"
#include "door/lists.h"

namespace sluice::cli {

std::string VersionText() {
  std::string text = "sluice " SLUICE_VERSION;
  for (const auto& engine : MakeEngines())
    if (const std::string version = engine->version(); !version.empty())
      text += StrCat("\n", engine->name(), " ", version);
  return text;
}

}  // namespace sluice::cli
