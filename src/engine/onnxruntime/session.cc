#include "engine/onnxruntime/session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "engine/bytes.h"
#include "engine/onnxruntime/errors.h"
#include "engine/onnxruntime/types.h"
#include "engine/shape.h"

namespace sluice::ort {
namespace {

constexpr size_t kAlignment = 64;

// Runs of other shapes leave other pieces of memory behind; after so many they are given back.
constexpr int kNewShapesMax = 64;

// A string is an object of 32 bytes. What more of them leave behind is given back at once: making them costs far more.
constexpr size_t kStringsKept = 32 << 10;
constexpr size_t kStringBytesKept = 64 << 10;

absl::Status Cancelled() { return Error(Reason::CANCELLED, "the run was cancelled"); }

}  // namespace

void AlignedBuffer::Free::operator()(void* it) const { std::free(it); }

void* AlignedBuffer::Reserve(size_t bytes) {
  if (memory_ != nullptr && bytes <= bytes_) return memory_.get();
  bytes_ = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  memory_.reset();
  memory_.reset(std::aligned_alloc(kAlignment, bytes_));
  return memory_.get();
}

absl::StatusOr<std::unique_ptr<OrtSession>> OrtSession::Make(std::shared_ptr<const Shared> shared) {
  std::unique_ptr<OrtSession> session(new OrtSession(std::move(shared)));
  RETURN_IF_ERROR(LoadError(Call<CreateRunOptions>(Out(session->options_))));
  // A failed run is told to its caller, not to the log: anybody can make one fail.
  RETURN_IF_ERROR(LoadError(Call<RunOptionsSetRunLogSeverityLevel>(session->options_.get(), kFatal)));
  return session;
}

OrtSession::OrtSession(std::shared_ptr<const Shared> shared)
    : shared_(std::move(shared)),
      checks_(shared_->signature),
      inputs_(shared_->signature.inputs.size()),
      given_(inputs_.size()),
      outputs_(shared_->signature.outputs.size()),
      strings_(outputs_.size()) {
  input_names_.reserve(inputs_.size());
  input_values_.reserve(inputs_.size());
  for (const TensorSpec& spec : shared_->signature.outputs) output_names_.push_back(spec.name.c_str());
}

OrtSession::~OrtSession() { ReleaseOutputs(); }

void OrtSession::ReleaseOutputs() {
  for (Value*& value : outputs_) {
    if (value != nullptr) Call<ReleaseValue>(value);
    value = nullptr;
  }
}

void OrtSession::ForgetOutputs() {
  ReleaseOutputs();
  for (std::string& bytes : strings_) {
    if (bytes.capacity() > kStringBytesKept) bytes = std::string();
  }
  if (std::exchange(string_elements_, 0) > kStringsKept) shared_->library->Shrink();
}

absl::Status OrtSession::Bind(Input& input, const TensorSpec& spec, void* data, size_t bytes, const Shape& shape) {
  if (input.value != nullptr && input.data == data && input.shape == shape) return absl::OkStatus();
  input.value.reset();
  if (input.shape != shape) ++new_shapes_;
  input.shape = shape;
  input.data = data;
  Status* const status =
      Call<CreateTensorWithDataAsOrtValue>(shared_->library->memory(), data, bytes, input.shape.data(),
                                           input.shape.size(), ToElement(spec.dtype), Out(input.value));
  return status == nullptr ? absl::OkStatus() : RunError(status, shared_->name, shared_->trusted_inputs);
}

absl::StatusOr<void*> OrtSession::InputBuffer(size_t index, const Shape& shape) {
  if (index >= inputs_.size()) return Error(Reason::INTERNAL, "no such input");
  const TensorSpec& spec = shared_->signature.inputs[index];
  if (spec.dtype == DType::kBytes) return Error(Reason::INTERNAL, "an input of BYTES has no buffer");
  RETURN_IF_ERROR(CheckShape(spec, shape));
  Input& input = inputs_[index];
  given_[index] = nullptr;
  int64_t bytes = 0;
  const std::optional<int64_t> elements = ElementsOf(shape);
  void* data = nullptr;
  if (elements && !__builtin_mul_overflow(*elements, static_cast<int64_t>(SizeOf(spec.dtype)), &bytes)) {
    data = input.own.Reserve(static_cast<size_t>(bytes));
  }
  if (data == nullptr) return Error(Reason::MODEL_FAILED, StrCat("no memory for input '", spec.name, "'"));
  RETURN_IF_ERROR(Bind(input, spec, data, static_cast<size_t>(bytes), shape));
  input.lasts = true;
  given_[index] = &input.shape;
  return data;
}

absl::Status OrtSession::SetInput(size_t index, const TensorView& tensor) {
  if (index >= inputs_.size()) return Error(Reason::INTERNAL, "no such input");
  const TensorSpec& spec = shared_->signature.inputs[index];
  Input& input = inputs_[index];
  given_[index] = nullptr;
  input.lasts = false;
  RETURN_IF_ERROR(CheckInput(spec, tensor));
  RETURN_IF_ERROR(spec.dtype == DType::kBytes
                      ? BindStrings(input, tensor)
                      : Bind(input, spec, const_cast<void*>(tensor.data), tensor.bytes, tensor.shape));
  given_[index] = &input.shape;
  return absl::OkStatus();
}

// Strings have no memory in common with BYTES: they are copied.
absl::Status OrtSession::BindStrings(Input& input, const TensorView& tensor) {
  input.value.reset();
  input.shape = tensor.shape;
  Status* const status = Call<CreateTensorAsOrtValue>(shared_->library->allocator(), input.shape.data(),
                                                      input.shape.size(), ToElement(DType::kBytes), Out(input.value));
  if (status != nullptr) return RunError(status, shared_->name, shared_->trusted_inputs);
  string_elements_ += static_cast<size_t>(ElementsOf(tensor.shape).value_or(0));
  return FillStrings({static_cast<const char*>(tensor.data), tensor.bytes}, input.value.get());
}

absl::Status OrtSession::Run(std::stop_token stop) {
  ReleaseOutputs();
  absl::Status done = checks_.Check(given_);
  if (done.ok()) done = Compute(std::move(stop));
  // Caller memory is only good for one run.
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].lasts) given_[i] = nullptr;
    if (shared_->signature.inputs[i].dtype == DType::kBytes) inputs_[i].value.reset();
  }
  if (new_shapes_ >= kNewShapesMax) {
    new_shapes_ = 0;
    shared_->library->Shrink();
  }
  if (!done.ok()) ForgetOutputs();
  return done;
}

absl::Status OrtSession::Compute(std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled();
  input_names_.clear();
  input_values_.clear();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (given_[i] == nullptr) continue;
    input_names_.push_back(shared_->signature.inputs[i].name.c_str());
    input_values_.push_back(inputs_[i].value.get());
  }
  Status* failed = RunOnce(stop);
  if (failed != nullptr && IsAboutMemory(failed)) {
    Call<ReleaseStatus>(failed);
    shared_->library->Shrink();
    failed = RunOnce(stop);
  }
  if (failed == nullptr) return absl::OkStatus();
  if (stop.stop_requested()) {
    Call<ReleaseStatus>(failed);
    return Cancelled();
  }
  return RunError(failed, shared_->name, shared_->trusted_inputs);
}

Status* OrtSession::RunOnce(const std::stop_token& stop) {
  RunOptions* const options = options_.get();
  if (Status* const failed = Call<RunOptionsUnsetTerminate>(options)) return failed;
  const std::stop_callback terminate(stop, [options] { (void)LoadError(Call<RunOptionsSetTerminate>(options)); });
  Status* const failed =
      Call<ort::Run>(shared_->session.get(), options, input_names_.data(), input_values_.data(), input_values_.size(),
                     output_names_.data(), output_names_.size(), outputs_.data());
  if (failed != nullptr) ReleaseOutputs();
  return failed;
}

absl::StatusOr<TensorView> OrtSession::Output(size_t index) {
  if (index >= outputs_.size()) return Error(Reason::INTERNAL, "no such output");
  Value* const value = outputs_[index];
  const TensorSpec& spec = shared_->signature.outputs[index];
  if (value == nullptr) return Error(Reason::MODEL_FAILED, StrCat("there is no output '", spec.name, "'"));
  Owned<TensorInfo> info;
  size_t rank = 0;
  int element = 0;
  RETURN_IF_ERROR(LoadError(Call<GetTensorTypeAndShape>(value, Out(info))));
  RETURN_IF_ERROR(LoadError(Call<GetTensorElementType>(info.get(), &element)));
  RETURN_IF_ERROR(LoadError(Call<GetDimensionsCount>(info.get(), &rank)));
  TensorView view{.name = spec.name, .dtype = spec.dtype};
  view.shape.resize(rank);
  RETURN_IF_ERROR(LoadError(Call<GetDimensions>(info.get(), view.shape.data(), rank)));
  const std::optional<int64_t> elements = ElementsOf(view.shape);
  if (element != ToElement(spec.dtype) || !elements) {
    return Error(Reason::MODEL_FAILED, StrCat("output '", spec.name, "' does not match the model's file"));
  }
  if (spec.dtype == DType::kBytes) {
    strings_[index].clear();
    string_elements_ += static_cast<size_t>(*elements);
    RETURN_IF_ERROR(AppendStrings(value, static_cast<size_t>(*elements), strings_[index]));
    view.data = strings_[index].data();
    view.bytes = strings_[index].size();
    return view;
  }
  void* data = nullptr;
  RETURN_IF_ERROR(LoadError(Call<GetTensorMutableData>(value, &data)));
  view.data = data;
  view.bytes = static_cast<size_t>(*elements) * SizeOf(spec.dtype);
  return view;
}

}  // namespace sluice::ort
