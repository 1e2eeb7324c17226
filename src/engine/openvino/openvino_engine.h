// OpenVINO: ONNX, TensorFlow Lite and OpenVINO IR files on the CPU. The only folder where ov:: appears.
//
// Every session is a CompiledModel of its own with one thread and no stream, pinning off, f32: infer() then computes on
// the calling thread (0.04 context switches each, measured with YuNet-s on 2 cores) and models mix freely on the same
// workers.
//
// A run that fails inside a net breaks the compiled model for good, so a request is proven before it runs
// (shape_proof.h, request_ledger.h), and a session whose run failed all the same gets a freshly compiled copy
// (openvino_session.h).
#pragma once

#include <memory>

#include "engine/engine.h"

namespace sluice {

std::unique_ptr<Engine> MakeOpenVinoEngine();

}  // namespace sluice
