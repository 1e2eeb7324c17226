// Whose share of the workers a piece of work takes: a client's, by key or by address.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

using Principal = uint64_t;
inline constexpr Principal kOwnWork = 0;  // the program's own

// By the key when there is one, else by the address; of IPv6 by its /64, which one client has to itself. Never
// kOwnWork.
Principal PrincipalOf(std::string_view key_id, std::string_view client_ip);

}  // namespace sluice
