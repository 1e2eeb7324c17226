// The pages of console/: the front page, and the files that it needs below /console/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "repository/live_set.h"
#include "transport/pages/codec.h"

namespace sluice {

struct ConsoleSources {
  // Thread-safe.
  std::function<std::string()> not_ready;
  std::function<std::vector<ModelInfo>()> models;
};

std::vector<pages::PageEntry> ConsolePages(const ConsoleSources& sources);

}  // namespace sluice
