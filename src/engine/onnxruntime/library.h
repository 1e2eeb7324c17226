// The library: found, opened, and its one environment made, with telemetry off.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/onnxruntime/abi.h"

namespace sluice::ort {

// Lives as long as the process. Thread-safe.
class Library {
 public:
  // Opens it the first time. The error says why it cannot be used, for operators.
  static absl::StatusOr<const Library*> Get();

  const std::string& version() const { return version_; }
  const Env* env() const { return env_; }
  Allocator* allocator() const { return allocator_; }         // strings and names
  const MemoryInfo* memory() const { return memory_.get(); }  // of callers

 private:
  Library() = default;
  absl::Status Open();
  absl::Status MakeEnv();

  std::string version_;
  Env* env_ = nullptr;
  Allocator* allocator_ = nullptr;
  Owned<MemoryInfo> memory_;
};

}  // namespace sluice::ort
