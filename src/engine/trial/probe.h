// What the child does with one engine: load, compile, runs on made-up inputs, timing. Whatever the engine does to the
// process in there, what was found until then has been handed out.
#pragma once

#include <functional>
#include <memory>

#include "ai/inference/trial.pb.h"
#include "engine/engine.h"

namespace sluice::trial {

// `send` gets a piece of the report after each stage (report.h merges them).
void Probe(Engine& engine, std::shared_ptr<const ModelFiles> files, const ai::inference::trial::Request& request,
           const std::function<void(const ai::inference::trial::Report&)>& send);

}  // namespace sluice::trial
