// What Sluice asks of an inference engine: load a file, make sessions, compute. Implementations: openvino/,
// onnxruntime/, identity/.
//
// Engines tell the truth: a run answers with what it computed from this request, or with an error; never with values of
// an earlier caller, of another type or of foreign memory. A session that failed is not used again until it is sound.
//
//   auto files = ModelFiles::Read("models/x/1/model.onnx");         // the server's own copy of the bytes
//   auto model = engine.Load(*files, options);                      // any thread, slow
//   auto session = (*model)->NewSession();                          // one per worker, slow, warmed up
//   float* in = static_cast<float*>(*session->InputBuffer(0, {1, 3, 320, 320}));
//   ... fill in ...; session->Run(); session->Output(0)             // that worker only, no copy, no hop
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model_files.h"
#include "engine/tensor.h"

namespace sluice {

struct TensorSpec {
  std::string name;
  DType dtype = DType::kFp32;
  Shape shape;             // -1 = any size
  bool any = false;        // takes every type and shape; `dtype` and `shape` are only a suggestion (identity engine)
  bool any_shape = false;  // the model's file leaves even the number of dimensions open; `shape` is only a suggestion
  bool optional = false;   // an input with a default in the model: may be left out
  std::vector<std::string> symbols;  // of the dimensions, "" for none; equal ones have equal sizes. May be empty
};

struct ModelSignature {
  std::vector<TensorSpec> inputs, outputs;
};

// One compiled copy of a model. Used by one thread at a time; the calling thread computes.
class Session {
 public:
  virtual ~Session() = default;

  // The engine's own buffer for input `index` at this shape; the caller writes its elements (type: the signature's)
  // into it before Run(). The same pointer is returned while the shape stays the same. Not for BYTES.
  virtual absl::StatusOr<void*> InputBuffer(size_t index, const Shape& shape) = 0;
  // Zero-copy of caller memory, which must stay until Run() returned. Wrong type or shape: INVALID_REQUEST for the
  // client.
  virtual absl::Status SetInput(size_t index, const TensorView& tensor) = 0;
  // Computes. Every input that is not optional was given by one of the two functions above, and stays until given again
  // (a SetInput only for one Run). What the inputs' values make impossible (an index outside, shapes that do not fit
  // together) is INVALID_REQUEST; another failure is MODEL_FAILED with a text fit for clients; the engine's own words
  // go to the log. After an error there are no outputs. `stop`, from any thread: the run ends as soon as the engine
  // can, with CANCELLED.
  virtual absl::Status Run(std::stop_token stop = {}) = 0;
  // Valid until the next call of a function other than Output(). May be in the memory that SetInput was given
  // (identity).
  virtual absl::StatusOr<TensorView> Output(size_t index) = 0;
  // The outputs are not looked at again: gives back the memory that they are in, where the engine has others who want
  // it.
  virtual void ForgetOutputs() {}
};

// Thread-safe. Sessions may outlive it.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  virtual const ModelSignature& signature() const = 0;
  // Compiles a copy and runs it once, so that the first request is as fast as the others.
  virtual absl::StatusOr<std::unique_ptr<Session>> NewSession() = 0;
  // The same weights for another shape of the only (or first) input. Errors as Engine::Load; UNIMPLEMENTED where an
  // engine has no such thing.
  virtual absl::StatusOr<std::shared_ptr<LoadedModel>> Reshaped(const Shape& input) const;
};

struct LoadOptions {
  std::string cache_dir = {};                 // compiled models are kept there for the next start; empty: nowhere
  std::map<std::string, Shape> reshape = {};  // input name -> shape; the name "" means the only (or first) input
  int threads_per_inference = 1;
  std::string name = {};        // for the log: "id@version"
  bool trusted_inputs = false;  // a task of ours makes every input: sizes are its own, indices are inside their tables
};

// Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  // As in `engine:` of a model.yaml.
  virtual std::string_view name() const = 0;
  // False for an engine whose models have no file.
  virtual bool needs_file() const { return true; }
  // Of the library, for logs and for what was tried with it: "2026.4.1".
  virtual std::string version() const { return {}; }
  // OK, or why it cannot be used here (its library is missing), for operators.
  virtual absl::Status Available() const { return absl::OkStatus(); }
  virtual bool CanLoad(ModelFormat format) const = 0;
  // `files` is null for an engine whose models have no file; else the model keeps what it needs of it. The error is for
  // operators: short, without paths.
  virtual absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> files,
                                                            const LoadOptions& options) = 0;
};

}  // namespace sluice
