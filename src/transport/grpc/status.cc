#include "transport/grpc/status.h"

#include <string>

#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"
#include "transport/grpc/metadata.h"

namespace sluice::grpc {
namespace {

// Clients bound what they take of trailers, many at 8 KiB: a status that does not arrive helps nobody.
constexpr size_t kMessageBytesMax = 1 << 10;
constexpr size_t kDetailsBytesMax = 3 << 10;

// The front of `text`, cut between characters.
std::string_view Shortened(std::string_view text) {
  if (text.size() <= kMessageBytesMax) return text;
  size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void AddStatus(const absl::Status& status, const CallIds& ids, Headers& trailers) {
  if (status.ok()) return trailers.Add("grpc-status", "0");
  trailers.Add("grpc-status", std::to_string(GrpcCodeOf(status)));
  const std::string_view message = Shortened(ToStd(status.message()));
  if (!message.empty()) trailers.Add("grpc-message", PercentEncode(message));
  google::rpc::Status details = ToRpcStatus(status, ids);
  details.set_message(std::string(message));
  if (const std::string bytes = details.SerializeAsString(); bytes.size() <= kDetailsBytesMax) {
    trailers.Add("grpc-status-details-bin", EncodeBinary(bytes));
  }
  if (const auto after = RetryAfterOf(status)) {
    trailers.Add("grpc-retry-pushback-ms", std::to_string(absl::ToInt64Milliseconds(*after)));
  }
}

}  // namespace sluice::grpc
