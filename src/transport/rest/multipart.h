// multipart/form-data (RFC 7578) over a body that has arrived whole. Nothing is copied but names: parts are views.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::rest {

struct MultipartPart {
  std::string name;
  std::string filename;      // empty when the part is not a file
  std::string content_type;  // as sent; empty when absent
  std::string_view data;     // into the body
};

struct MultipartLimits {
  size_t parts_max = 64;
  size_t header_bytes_max = 4096;  // of one part
};

// `boundary` comes from the Content-Type. INVALID_BODY when the body breaks the format, passes a limit, ends before the
// closing boundary, or has a part without a name.
absl::StatusOr<std::vector<MultipartPart>> ParseMultipart(std::string_view body, std::string_view boundary,
                                                          const MultipartLimits& limits = {});

}  // namespace sluice::rest
