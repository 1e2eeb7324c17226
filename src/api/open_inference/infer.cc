#include "api/open_inference/infer.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "api/open_inference/contents.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "pipeline/tensor/task.h"

namespace sluice {
namespace {

using inference::InferParameter;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using Parameters = google::protobuf::Map<std::string, InferParameter>;

std::optional<uint64_t> Integer(const Parameters& parameters, const char* name) {
  const auto it = parameters.find(name);
  if (it == parameters.end()) return std::nullopt;
  const InferParameter& value = it->second;
  if (value.has_int64_param() && value.int64_param() >= 0) return static_cast<uint64_t>(value.int64_param());
  if (value.has_uint64_param()) return value.uint64_param();
  return std::nullopt;
}

// Parameters that ask for what this server does not do. To pass them over would give a wrong answer.
absl::Status CheckParameters(const Parameters& parameters) {
  for (const char* name : {"sequence_id", "shared_memory_region", "classification"}) {
    const auto it = parameters.find(name);
    const bool none = it == parameters.end() || (it->second.string_param().empty() && Integer(parameters, name) == 0);
    if (!none) {
      return FieldError(Reason::UNIMPLEMENTED, name,
                        StrCat("parameter '", name, "' needs an extension that this server does not support"));
    }
  }
  return absl::OkStatus();
}

// Triton's 1 is the highest and 0 the default, which lies below all others here; the scheduler's higher number goes
// first.
int PriorityOf(const ModelInferRequest& request) {
  const uint64_t priority = Integer(request.parameters(), "priority").value_or(0);
  return priority == 0 ? std::numeric_limits<int>::min() : -static_cast<int>(std::min<uint64_t>(priority, 1 << 30));
}

absl::StatusOr<Tensor> TakeInput(ModelInferRequest& request, int i) {
  const auto& input = request.inputs(i);
  const auto dtype = DTypeNamed(input.datatype());
  if (!dtype) {
    return FieldError(
        Reason::INVALID_REQUEST, StrCat("inputs[", i, "].datatype"),
        StrCat("input '", Excerpt(input.name()), "' has the unknown datatype '", Excerpt(input.datatype(), 32),
               "'; use BOOL, UINT8 to UINT64, INT8 to INT64, FP16, "
               "FP32, FP64, BF16 and BYTES"));
  }
  RETURN_IF_ERROR(CheckParameters(input.parameters()));
  Tensor tensor{
      .name = input.name(), .dtype = *dtype, .shape = Shape(input.shape().begin(), input.shape().end()), .data = {}};
  if (!ElementsOf(tensor.shape)) {
    return FieldError(Reason::INVALID_REQUEST, StrCat("inputs[", i, "].shape"),
                      StrCat("input '", tensor.name, "' has the invalid shape ", ToString(tensor.shape)));
  }
  if (request.raw_input_contents_size() > 0) {
    tensor.data = std::move(*request.mutable_raw_input_contents(i));
  } else {
    ASSIGN_OR_RETURN(tensor.data, BytesOf(input.contents(), *dtype, tensor.name));
  }
  return tensor;
}

// The bytes of a model's only input and nothing else.
bool IsRaw(const ModelInferRequest& request) {
  return request.inputs_size() == 0 && request.raw_input_contents_size() == 1;
}

absl::Status CheckContents(const ModelInferRequest& request) {
  const int raw = request.raw_input_contents_size();
  if (raw == 0 || IsRaw(request)) return absl::OkStatus();
  if (raw != request.inputs_size()) {
    return FieldError(
        Reason::INVALID_REQUEST, "raw_input_contents",
        StrCat("raw_input_contents has ", raw, " entries for ", request.inputs_size(), " inputs; send one for each"));
  }
  for (const auto& input : request.inputs()) {
    if (input.has_contents()) {
      return FieldError(
          Reason::INVALID_REQUEST, "contents",
          StrCat("input '", Excerpt(input.name()), "' has both contents and raw_input_contents; send one of them"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorInput> TakeTensors(ModelInferRequest& request) {
  if (request.model_name().empty())
    return FieldError(Reason::INVALID_REQUEST, "model_name", "model_name is empty; name a model");
  RETURN_IF_ERROR(CheckParameters(request.parameters()));
  RETURN_IF_ERROR(CheckContents(request));
  TensorInput out{.inputs = {}, .raw = IsRaw(request), .outputs = {}};
  if (out.raw) out.inputs.emplace_back().data = std::move(*request.mutable_raw_input_contents(0));
  out.inputs.reserve(static_cast<size_t>(request.inputs_size()));
  for (int i = 0; i < request.inputs_size(); ++i) {
    ASSIGN_OR_RETURN(Tensor tensor, TakeInput(request, i));
    out.inputs.push_back(std::move(tensor));
  }
  for (const auto& output : request.outputs()) {
    RETURN_IF_ERROR(CheckParameters(output.parameters()));
    out.outputs.push_back(output.name());
  }
  return out;
}

ModelInferResponse ToResponse(const ModelVersion& model, std::string id, Tensors tensors) {
  ModelInferResponse response;
  response.set_model_name(model.id());
  response.set_model_version(model.version());
  response.set_id(std::move(id));
  for (Tensor& tensor : tensors) {
    auto* output = response.add_outputs();
    output->set_name(std::move(tensor.name));
    output->set_datatype(std::string(NameOf(tensor.dtype)));
    output->mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
    response.add_raw_output_contents(std::move(tensor.data));
  }
  return response;
}

}  // namespace

TimePoint InferDeadline(const ModelInferRequest& request, TimePoint now, TimePoint deadline) {
  constexpr uint64_t kLongestUs = 3'600'000'000;
  const uint64_t timeout_us = Integer(request.parameters(), "timeout").value_or(0);
  return timeout_us == 0 ? deadline
                         : std::min(deadline, now + std::chrono::microseconds(std::min(timeout_us, kLongestUs)));
}

absl::StatusOr<Ticket> SubmitInfer(Pipeline& pipeline, std::shared_ptr<Call> call, ModelInferRequest& request,
                                   TimePoint deadline, InferDone done) {
  ASSIGN_OR_RETURN(TensorInput input, TakeTensors(request));
  Wanted wanted{.model_id = request.model_name(),
                .version = request.model_version(),
                .deadline = deadline,
                .size = SizeClassOf(
                    std::accumulate(input.inputs.begin(), input.inputs.end(), size_t{0},
                                    [](size_t bytes, const Tensor& tensor) { return bytes + tensor.data.size(); })),
                .priority = PriorityOf(request)};
  Call& record = *call;
  auto finish = [call, id = std::move(*request.mutable_id()), done = std::move(done)](absl::StatusOr<Tensors> outputs,
                                                                                      const JobReport& report) mutable {
    AddTimes(report, *call);
    if (!outputs.ok()) return done(outputs.status());
    done(ToResponse(report.model, std::move(id), *std::move(outputs)));
  };
  return pipeline.Submit<TensorInput, Tensors>(record, std::move(wanted), kTensor, std::move(input), std::move(finish));
}

}  // namespace sluice
