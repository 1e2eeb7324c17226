// ONNX Runtime's wheels send telemetry unless told otherwise before they start.
#pragma once

namespace sluice {

// The first thing in main() of every program that loads models, before any thread: it changes the environment. Without
// it the engine says that it is not available.
void DisableTelemetry();
bool IsTelemetryDisabled();

}  // namespace sluice
