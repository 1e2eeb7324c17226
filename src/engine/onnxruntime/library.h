// The library: found, opened, and its one environment made, with telemetry off.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/onnxruntime/abi.h"

namespace sluice::ort {

// Lives as long as the process. Thread-safe.
class Library {
 public:
  // Opens it the first time, with at most `run_bytes_max` (0: a quarter of the memory) for what runs take beside
  // weights. The error says why it cannot be used, for operators.
  static absl::StatusOr<const Library*> Get(uint64_t run_bytes_max = 0);

  const std::string& version() const { return version_; }
  const Env* env() const { return env_; }
  Allocator* allocator() const { return allocator_; }         // strings and names
  const MemoryInfo* memory() const { return memory_.get(); }  // of callers

  // Gives the pieces of the runs' memory that nobody uses back to the system. It keeps them otherwise, and pieces of
  // many sizes add up to its bound.
  void Shrink() const;

 private:
  Library() = default;
  absl::Status Open(uint64_t run_bytes_max);
  absl::Status MakeEnv();
  absl::Status BoundMemory(uint64_t run_bytes_max);
  absl::Status MakeShrinker();

  std::string version_;
  Env* env_ = nullptr;
  Allocator* allocator_ = nullptr;
  Owned<MemoryInfo> memory_;
  Owned<Sess> shrinker_;  // a net of one node: the memory shrinks only after a run that is told to
  Owned<RunOptions> shrink_;
};

// Without threads of its own, unless a run shall use several; those do not spin while they wait. Memory from the
// environment's arena.
absl::StatusOr<Owned<SessionOptions>> MakeSessionOptions(int threads);

}  // namespace sluice::ort
