#include "engine/onnxruntime/telemetry.h"

#include <cstdlib>

namespace sluice {
namespace {

bool disabled = false;

}  // namespace

void DisableTelemetry() { disabled = setenv("ORT_DISABLE_TELEMETRY", "1", /*overwrite=*/1) == 0; }
bool IsTelemetryDisabled() { return disabled; }

}  // namespace sluice
