// Retry: those who were refused together do not come back together.
#pragma once

#include <utility>

#include "admission/layer.h"
#include "base/retry_jitter.h"

namespace sluice {

class RetryLayer final : public AdmissionLayer {
 public:
  explicit RetryLayer(const AdmissionContext& context) : random_(context.random) {}
  std::string_view name() const override { return "retry"; }
  absl::Status Refused(const ModelUse&, absl::Status why) override { return WithRetryJitter(std::move(why), random_); }

 private:
  SharedRandom& random_;
};

}  // namespace sluice
