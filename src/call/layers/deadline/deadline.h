// Deadline: a call ends with DEADLINE_EXCEEDED when its time is up, at once and whatever it is doing.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "base/executor.h"
#include "base/headers.h"
#include "call/layer.h"

namespace sluice {

struct DeadlineOptions {
  Duration fallback = std::chrono::seconds(30);  // methods without a default of their own
  Duration longest = std::chrono::minutes(10);   // clients cannot ask for more
};

// Time the call may take: grpc-timeout, else Connect-Timeout-Ms, else X-Request-Timeout, else the method's default,
// else the fallback; never above `longest`. A malformed header is an error. Streams without a client's deadline have
// none (each message has).
absl::StatusOr<Duration> TimeAllowed(const Headers& headers, Duration method_default, bool per_message,
                                     const DeadlineOptions& options);

class DeadlineLayer final : public Layer {
 public:
  explicit DeadlineLayer(const LayerContext& context);
  std::string_view name() const override { return "deadline"; }
  Step Enter(Call& call) override;
  void Leave(Call& call) noexcept override;

 private:
  const DeadlineOptions options_;
};

}  // namespace sluice
