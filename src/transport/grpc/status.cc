#include "transport/grpc/status.h"

#include <string>

#include "base/error.h"
#include "base/text.h"
#include "call/outcome.h"
#include "transport/grpc/metadata.h"

namespace sluice::grpc {
namespace {

// Clients bound what they take of trailers, many at 8 KiB: a status that does not arrive helps nobody.
constexpr size_t kMessageBytesMax = 1 << 10;
constexpr size_t kDetailsBytesMax = 3 << 10;

}  // namespace

void AddStatus(const absl::Status& status, const CallIds& ids, Headers& trailers) {
  if (status.ok()) return trailers.Add("grpc-status", "0");
  trailers.Add("grpc-status", std::to_string(GrpcCodeOf(status)));
  google::rpc::Status details = ToRpcStatus(status, ids);
  details.set_message(std::string(CutUtf8(details.message(), kMessageBytesMax)));
  if (!details.message().empty()) trailers.Add("grpc-message", PercentEncode(details.message()));
  if (const std::string bytes = details.SerializeAsString(); bytes.size() <= kDetailsBytesMax) {
    trailers.Add("grpc-status-details-bin", EncodeBinary(bytes));
  }
  if (const auto after = RetryAfterOf(status)) {
    trailers.Add("grpc-retry-pushback-ms", std::to_string(absl::ToInt64Milliseconds(*after)));
  }
}

}  // namespace sluice::grpc
