// The front page: what this server is, its models and their state, links that work on this listener, and an image to
// try. HTML for browsers, text for everything else. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "repository/live_set.h"

namespace sluice {

struct FrontFacts {
  std::string_view version;
  std::string_view origin;  // "http://127.0.0.1:8000"
  std::string not_ready;    // empty when it is ready
  uint32_t exposed = 0;     // of the listener
  std::vector<ModelInfo> models;
};

std::string FrontText(const FrontFacts& facts);
// `frame` is console/index.html.
std::string FrontHtml(const FrontFacts& facts, std::string_view frame);

}  // namespace sluice
