// An input that says in its first byte how its rest, the body of a request, is sent.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct PlannedBody {
  uint8_t plan;
  std::string_view body;

  // Nothing: too short or too long to be of interest.
  static std::optional<PlannedBody> Of(const uint8_t* data, size_t size) {
    if (size < 1 || size > 200'000) return std::nullopt;
    return PlannedBody{data[0], {reinterpret_cast<const char*>(data) + 1, size - 1}};
  }

  // `answer` is what a client sees that sends the body in pieces of so many bytes: the same in one and in small ones.
  // Nothing of it stays in the budget.
  template <typename Server, typename Answer>
  void CheckCuts(Server& server, Answer answer, size_t step) const {
    const std::string whole = answer(server, plan, body, SIZE_MAX / 2);
    if (answer(server, plan, body, step) != whole) std::abort();
    if (server.budget.bytes() != 0) std::abort();
  }
};

}  // namespace sluice
