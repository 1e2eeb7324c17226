// One worker's runs of a model: its inputs and outputs as ONNX Runtime's values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/check.h"
#include "engine/engine.h"
#include "engine/onnxruntime/library.h"

namespace sluice::ort {

// What all sessions of a model share; immutable.
struct Shared {
  std::string name;  // for the log
  const Library* library = nullptr;
  Owned<Sess> session;
  ModelSignature signature;
  bool trusted_inputs = false;
};

// Of InputBuffer: memory for one tensor, aligned for vector instructions.
class AlignedBuffer {
 public:
  // Keeps its address while it is large enough. Null when there is no memory.
  void* Reserve(size_t bytes);

 private:
  struct Free {
    void operator()(void* it) const;
  };
  std::unique_ptr<void, Free> memory_;
  size_t bytes_ = 0;
};

class OrtSession final : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<OrtSession>> Make(std::shared_ptr<const Shared> shared);
  ~OrtSession() override;

  absl::StatusOr<void*> InputBuffer(size_t index, const Shape& shape) override;
  absl::Status SetInput(size_t index, const TensorView& tensor) override;
  absl::Status Run(std::stop_token stop) override;
  absl::StatusOr<TensorView> Output(size_t index) override;
  void ForgetOutputs() override;

 private:
  struct Input {
    Owned<Value> value;
    const void* data = nullptr;  // what `value` lies over
    Shape shape;
    AlignedBuffer own;
    bool lasts = false;  // `value` lies over `own`, and serves every run
  };
  explicit OrtSession(std::shared_ptr<const Shared> shared);
  absl::Status Bind(Input& input, const TensorSpec& spec, void* data, size_t bytes, const Shape& shape);
  absl::Status BindStrings(Input& input, const TensorView& tensor);
  void ReleaseOutputs();
  absl::Status Compute(std::stop_token stop);
  Status* RunOnce(const std::stop_token& stop);
  const std::shared_ptr<const Shared> shared_;
  const InputChecks checks_;
  Owned<RunOptions> options_;
  std::vector<Input> inputs_;
  std::vector<const Shape*> given_;  // by input; null: not given for the next run
  std::vector<Value*> outputs_;
  int new_shapes_ = 0;
  std::vector<std::string> strings_;  // outputs of BYTES, by output
  size_t string_elements_ = 0;        // of this run's inputs and outputs
  // What Run is called with; the names of inputs that were not given are left out.
  std::vector<const char*> input_names_, output_names_;
  std::vector<const Value*> input_values_;
};

}  // namespace sluice::ort
