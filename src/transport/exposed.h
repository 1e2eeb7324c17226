// Whether a listener's `expose` list holds a method.
#pragma once

#include "ai/inference/options.pb.h"
#include "call/method.h"
#include "transport/http/exchange.h"

namespace sluice::transport {

// `exposed` is Peer::exposed. Hidden methods are answered like unknown ones.
inline bool IsExposed(const Method& method, uint32_t exposed) {
  const bool admin = method.options->scope() == "admin";
  return (exposed & (admin ? http::kExposeAdmin : http::kExposeApi)) != 0;
}

}  // namespace sluice::transport
