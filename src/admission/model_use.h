// One use of one model: a unary call's, a stream message's, or one part of a multimodal call.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "repository/model_version.h"

namespace sluice {

struct ModelUse {
  // Asked for.
  std::string model_id;
  std::string version;      // empty: the default one
  std::string_view method;  // Method::name, outlives the use
  std::string key_id;       // principal; empty = anonymous
  TimePoint deadline = kNever;

  // Decided by the layers.
  ModelHandle model;  // pinned until the use ends
};

}  // namespace sluice
