#include "transport/content_coding.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "transport/gzip.h"
#include "transport/http/canonical.h"

namespace sluice::transport {

std::string ContentCoding(const Headers& headers) {
  if (!headers.Find("content-encoding")) return {};  // nearly always
  std::vector<std::string> codings;
  const std::string all = http::JoinedHeader(headers, "content-encoding");
  for (const absl::string_view one : absl::StrSplit(all, ',')) {
    const absl::string_view coding = absl::StripAsciiWhitespace(one);
    if (IsCoded(ToStd(coding))) codings.emplace_back(coding);
  }
  return absl::StrJoin(codings, ", ");
}

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
