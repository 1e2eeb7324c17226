// When memory is short: the words, and work that goes on without it.
#pragma once

#include <new>
#include <string_view>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {

inline constexpr std::string_view kBudgetUsedUp =
    "the server's memory budget (http.inflight_bytes_max) is used up; retry later";

// Of a request that is not let in, or whose body has no place.
inline absl::Status BudgetUsedUp() {
  absl::Status status = Error(Reason::OVERLOADED, kBudgetUsedUp);
  SetRetryAfter(status, absl::Seconds(1));
  return status;
}

// `what` did not get the memory that it takes: "this request".
inline absl::Status NoMemoryFor(std::string_view what) {
  return Error(Reason::OVERLOADED, StrCat("the server has no memory left for ", what, "; retry later"));
}

// False: the allocator had nothing left. The budget keeps things from coming so far, except under a limit that is
// smaller than it.
template <typename Work>
bool GetsMemory(Work&& work) {
  try {
    work();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace sluice
