// Any bytes as an .onnx file: it is read for weights beside it and for hazards, and what is guarded can be read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/onnx/external_files.h"
#include "engine/onnx/graph.h"
#include "engine/onnx/hazards.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)sluice::onnx::ExternalFiles(bytes);
  const auto guards = sluice::onnx::FindHazards(bytes);
  if (!guards.ok()) {
    if (guards.status().message().empty()) std::abort();
    return 0;
  }
  if (guards->empty()) return 0;
  sluice::onnx::ReadBudget budget;
  const auto read = sluice::onnx::ReadModel(sluice::onnx::WithGuards(bytes, *guards), budget);
  if (!read.ok() && budget.left >= 0) std::abort();
  return 0;
}
