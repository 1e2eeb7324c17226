#include "door/weights.h"

#include "base/error.h"
#include "base/host_port.h"
#include "base/strings.h"

namespace sluice {

absl::StatusOr<Weights> WeightsOf(const ai::inference::config::Overload& overload) {
  absl::flat_hash_map<Principal, Weights::Weight> of;
  for (const auto& one : overload.weights()) {
    const auto wrong = [&](std::string_view what) {
      return Error(Reason::INVALID_REQUEST, StrCat("overload.weights: client '", one.client(), "' ", what));
    };
    if (!IsIpAddress(one.client())) return wrong("is not an IP address");
    if (one.weight() == 0) return wrong("has no weight, from 1 to 1000");
    if (!of.emplace(PrincipalOf("", one.client()), one.weight()).second)
      return wrong("is there twice (of IPv6 a /64 is one client)");
  }
  return Weights(std::move(of));
}

}  // namespace sluice
