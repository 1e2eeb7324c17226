// Content-Encoding of requests.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/decode_memory.h"
#include "base/headers.h"

namespace sluice::transport {

// "" and "identity" are none. Coding names come in lower case (http/canonical.h).
inline bool IsCoded(std::string_view coding) { return !coding.empty() && coding != "identity"; }

// What Content-Encoding says, on one line or several: "" for none and identity, "gzip", "gzip, br".
std::string ContentCoding(const Headers& headers);

enum class Codings { kGzip, kGzipAndDeflate };

// Undoes the coding. UNSUPPORTED_ENCODING when it is none of `taken`; BODY_TOO_LARGE above memory.message_bytes_max();
// OVERLOADED; INVALID_BODY; CANCELLED by `stop`.
absl::Status Unpack(std::string& bytes, std::string_view coding, Codings taken, DecodeMemory& memory,
                    const std::stop_token& stop = {});

}  // namespace sluice::transport
