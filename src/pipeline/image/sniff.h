// A name for bytes that are not an image we accept, so that the error says what was sent.
#pragma once

#include <string_view>

namespace sluice {

// The reason to refuse `file`, a full sentence, e.g. "GIF is not supported; send JPEG, PNG or WebP". For bytes that are
// known to be neither JPEG, PNG nor WebP.
std::string_view DescribeUnsupported(std::string_view file);

}  // namespace sluice
