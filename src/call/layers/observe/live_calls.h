// The calls in progress, for whoever wants to see them. Each loop keeps its own, and is asked for them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/per_thread.h"
#include "call/call.h"

namespace sluice {

struct LiveCall {
  std::string_view method;  // Method::name
  Protocol protocol;
  std::string request_id, trace_id, client_ip, key_id, model;
  std::string_view stage;  // Call::StageName
  double age_ms;
  double deadline_ms;  // left; negative: none
  uint64_t bytes_in, bytes_out;
};

class LiveCalls {
 public:
  static constexpr size_t kListMax = 1000;  // the oldest ones of each loop

  // On the call's loop.
  void Add(Call& call);
  void Remove(Call& call);
  // `done` gets those of all loops, the oldest first, on `to`; not when a loop ends meanwhile. Any thread.
  void List(Loop& to, std::function<void(std::vector<LiveCall>)> done) const;

 private:
  struct OfLoop {
    Loop* loop = nullptr;  // outlives this; null before the first call
    std::vector<Call*> calls;
  };
  static std::vector<LiveCall> ListOf(const OfLoop& mine);

  PerThread<OfLoop> loops_;
};

}  // namespace sluice
