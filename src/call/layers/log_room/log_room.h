// Log room: a call waits while the access log is full and its reader is to be waited for (`logs.on_full: block`). After
// the deadline layer, so that it waits no longer than it may; quiet methods, which health checks are, never wait.
#pragma once

#include <memory>

#include "base/log/access_log.h"
#include "call/layer.h"

namespace sluice {

class LogRoomLayer final : public Layer {
 public:
  explicit LogRoomLayer(const LayerContext& context) : log_(context.log) {}
  std::string_view name() const override { return "log_room"; }
  Step Enter(Call& call) override;

 private:
  void LookAgain(const std::weak_ptr<Call>& weak);

  const AccessLog& log_;
};

}  // namespace sluice
