// A layer that replays an answer: a call with a known x-demo-key gets the answer that the first one with it got.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "call/call.h"

namespace sluice {

class DemoReplayLayer final : public Layer {
 public:
  explicit DemoReplayLayer(const LayerContext&) {}
  std::string_view name() const override { return "demo_replay"; }
  Step OnRequest(Call& call, const Message&) override {
    const auto ready = Find(call);
    if (ready == nullptr) return Step::kNext;
    call.response_headers().Add("x-demo-replayed", "true");
    call.Reply(*ready);
    return Step::kStop;
  }
  void OnAnswer(Call& call, const Message& answer) override {
    const std::string key(call.headers().Get("x-demo-key"));
    if (key.empty()) return;
    std::shared_ptr<Message> copy(answer.New());
    copy->CopyFrom(answer);
    std::lock_guard lock(mutex_);
    answers_.emplace(key, std::move(copy));
  }

 private:
  std::shared_ptr<const Message> Find(const Call& call) {
    std::lock_guard lock(mutex_);
    const auto found = answers_.find(std::string(call.headers().Get("x-demo-key")));
    return found == answers_.end() ? nullptr : found->second;
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Message>> answers_;  // guarded by mutex_; a demo has no bound
};

}  // namespace sluice
