// Names in requests (of items, inputs, outputs) are kept, logged and answered with: short ones only. A model that does
// not exist is NOT_FOUND however long its name is.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {

inline constexpr size_t kNameBytesMax = 1024;

// INVALID_REQUEST about `field`.
inline absl::Status CheckName(std::string_view field, std::string_view name) {
  if (name.size() <= kNameBytesMax) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, field,
                    StrCat(field, " has ", name.size(), " bytes; at most ", kNameBytesMax, " are allowed"));
}

}  // namespace sluice
