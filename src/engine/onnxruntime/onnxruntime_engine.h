// ONNX Runtime: .onnx files on the CPU. The only folder that knows its interface (abi.h).
//
// The worker's own thread computes; one session of theirs serves all workers, with a run's options and values for each
// of ours. Nothing is copied in or out but strings. What a request's values make impossible is found by the library, in
// every operator.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/engine.h"

namespace sluice {

struct OnnxRuntimeOptions {
  // What the runs of all models together may take beside weights; 0: a quarter of the memory. The first engine decides.
  uint64_t run_bytes_max = 0;
};

// Opens the library with the first model; without one it is not Available(), and Load() says why.
std::unique_ptr<Engine> MakeOnnxRuntimeEngine(const OnnxRuntimeOptions& options = {});

}  // namespace sluice
