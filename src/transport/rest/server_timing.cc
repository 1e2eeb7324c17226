#include "transport/rest/server_timing.h"

#include <algorithm>

#include "base/millis.h"

namespace sluice::rest {

void AddServerTiming(Call& call, Headers& headers) {
  if (call.method().server_streaming) return;
  std::string text;
  const auto add = [&text](std::string_view name, double ms) {
    text.append(text.empty() ? "" : ", ").append(name).append(";dur=");
    AppendMillis(ms, text);
  };
  if (!call.uses.empty()) {
    double CallUse::*const stages[] = {&CallUse::queue_ms, &CallUse::decode_ms, &CallUse::pre_ms, &CallUse::infer_ms,
                                       &CallUse::post_ms};
    constexpr std::string_view kNames[] = {"queue", "decode", "pre", "infer", "post"};
    for (size_t i = 0; i < std::size(stages); ++i) {
      double longest = 0;
      for (const CallUse& use : call.uses) longest = std::max(longest, use.*stages[i]);
      add(kNames[i], longest);
    }
  }
  add("total", call.LatencyMs());
  headers.Add("server-timing", text);
}

}  // namespace sluice::rest
