#include "transport/content_coding.h"

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "transport/gzip.h"

namespace sluice::transport {

absl::Status Unpack(std::string& bytes, std::string_view coding, Codings taken, DecodeMemory& memory,
                    const std::stop_token& stop) {
  if (!IsCoded(coding)) return absl::OkStatus();
  const bool deflate = taken == Codings::kGzipAndDeflate;
  if (coding != "gzip" && !(deflate && coding == "deflate")) {
    return Error(Reason::UNSUPPORTED_ENCODING,
                 StrCat("Content-Encoding '", Excerpt(coding, 40), "' is not supported; use gzip",
                        deflate ? ", deflate" : "", " or none"));
  }
  const auto format = coding == "gzip" ? Inflater::Format::kGzip : Inflater::Format::kZlib;
  std::string inflated;
  RETURN_IF_ERROR(Inflate(bytes, memory.message_bytes_max(), inflated, format, stop, &memory));
  bytes = std::move(inflated);
  return absl::OkStatus();
}

}  // namespace sluice::transport
