// The process in which a model file is tried: `sluice try-model --child`, run by the server (trial.h) and by nobody
// else. Engines parse what strangers made; here they may crash, hang and eat memory, and only this process ends.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "engine/engine.h"

namespace sluice::trial {

// Descriptors that the child is started with; the model's files follow from kFirstFileFd on, in the request's order.
inline constexpr int kRequestFd = 3, kReportFd = 4, kFirstFileFd = 5;

// Null when there is no engine of that name.
using MakeEngine = std::function<std::unique_ptr<Engine>(std::string_view name)>;

// The whole of the child's main(): limits itself, tries, reports. Returns the exit code.
int ChildMain(const MakeEngine& make_engine);

}  // namespace sluice::trial
