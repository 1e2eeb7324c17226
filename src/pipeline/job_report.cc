#include "pipeline/job_report.h"

#include <algorithm>

namespace sluice {
namespace {

void AddStages(const JobTimes& times, const CallUse& use, Call& call) {
  const auto index = static_cast<uint32_t>(&use - call.uses.data());
  const auto add = [&](std::string_view name, const StageTime& stage) {
    if (stage.began == TimePoint{} || call.stages.size() == Call::kStagesMax) return;
    call.stages.push_back({.name = name, .use = index, .began = stage.began, .ended = stage.ended});
  };
  add("queue", times.queue);
  add("decode", times.decode);
  add("pre", times.pre);
  add("infer", times.infer);
  add("post", times.post);
}

}  // namespace

void AddTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms += ToMs(report.times.queue.took);
  use.decode_ms += ToMs(report.times.decode.took);
  use.pre_ms += ToMs(report.times.pre.took);
  use.infer_ms += ToMs(report.times.infer.took);
  use.post_ms += ToMs(report.times.post.took);
  AddStages(report.times, use, call);
}

void MaxTimes(const JobReport& report, Call& call) {
  CallUse& use = call.UseOf(report.model.id(), report.model.version());
  use.queue_ms = std::max(use.queue_ms, ToMs(report.times.queue.took));
  use.decode_ms = std::max(use.decode_ms, ToMs(report.times.decode.took));
  use.pre_ms = std::max(use.pre_ms, ToMs(report.times.pre.took));
  use.infer_ms = std::max(use.infer_ms, ToMs(report.times.infer.took));
  use.post_ms = std::max(use.post_ms, ToMs(report.times.post.took));
  AddStages(report.times, use, call);
}

}  // namespace sluice
