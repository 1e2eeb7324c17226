// OpenVINO: ONNX, TensorFlow Lite and OpenVINO IR files on the CPU. The only folder where ov:: appears.
//
// Every session is a CompiledModel of its own with one stream and one thread, pinning off, f32: infer() then computes on the
// calling thread (0.04 context switches each, measured with YuNet-s on 2 cores) and models mix freely on the same workers.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace sluice {

std::unique_ptr<Engine> MakeOpenVinoEngine();

}  // namespace sluice
