#include "pipeline/tensor/infer.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "pipeline/tensor/raw_input.h"

namespace sluice {
namespace {

// A tensor without elements may have large dimensions, and a model may make something of them: [0, 2^40] summed over
// the first axis has 2^40 elements.
constexpr int64_t kElementsMax = int64_t{1} << 31;

std::string NamesOf(std::span<const TensorSpec> specs) {
  std::string names;
  for (const TensorSpec& spec : specs) absl::StrAppend(&names, names.empty() ? "'" : ", '", spec.name, "'");
  return names;
}

absl::StatusOr<size_t> Find(std::span<const TensorSpec> specs, std::string_view name, std::string_view kind) {
  const auto it =
      std::find_if(specs.begin(), specs.end(), [name](const TensorSpec& spec) { return spec.name == name; });
  if (it != specs.end()) return static_cast<size_t>(it - specs.begin());
  const std::string shown = Excerpt(name);
  return FieldError(Reason::INVALID_REQUEST, shown,
                    StrCat("the model has no ", kind, " '", shown, "'; it has ", NamesOf(specs)));
}

absl::Status CheckSize(const Tensor& tensor) {
  int64_t product = 1;
  for (const int64_t dim : tensor.shape) {
    if (dim > 0 && (__builtin_mul_overflow(product, dim, &product) || product > kElementsMax)) {
      return FieldError(Reason::INVALID_REQUEST, tensor.name,
                        StrCat("input '", tensor.name, "' of shape ", ToString(tensor.shape), " is too large"));
    }
  }
  return absl::OkStatus();
}

absl::Status SetInputs(const ModelSignature& signature, Session& session, const Tensors& inputs) {
  std::vector<bool> given(signature.inputs.size(), false);
  for (const Tensor& tensor : inputs) {
    ASSIGN_OR_RETURN(const size_t index, Find(signature.inputs, tensor.name, "input"));
    if (given[index]) {
      return FieldError(Reason::INVALID_REQUEST, tensor.name, StrCat("input '", tensor.name, "' is given twice"));
    }
    given[index] = true;
    RETURN_IF_ERROR(CheckSize(tensor));
    RETURN_IF_ERROR(session.SetInput(index, tensor.view()));
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string& name = signature.inputs[i].name;
    if (!given[i] && !signature.inputs[i].optional) {
      return FieldError(Reason::INVALID_REQUEST, name,
                        StrCat("input '", name, "' is missing; the model's inputs are ", NamesOf(signature.inputs)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<size_t>> WantedOutputs(const ModelSignature& signature,
                                                  const std::vector<std::string>& names) {
  std::vector<size_t> wanted(names.empty() ? signature.outputs.size() : names.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  for (size_t i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(wanted[i], Find(signature.outputs, names[i], "output"));
    if (std::find(wanted.begin(), wanted.begin() + static_cast<ptrdiff_t>(i), wanted[i]) !=
        wanted.begin() + static_cast<ptrdiff_t>(i)) {
      return FieldError(Reason::INVALID_REQUEST, names[i], StrCat("output '", names[i], "' is requested twice"));
    }
  }
  return wanted;
}

// The bytes of `view`, which is not looked at again unless `again`: memory of an input is handed on, other memory is
// copied.
std::string TakeData(const TensorView& view, bool again, Tensors& inputs) {
  for (Tensor& input : inputs) {
    if (!again && view.bytes > 0 && input.data.data() == view.data && input.data.size() == view.bytes)
      return std::move(input.data);
  }
  return {static_cast<const char*>(view.data), view.bytes};
}

absl::StatusOr<Tensors> TakeOutputs(Session& session, const std::vector<size_t>& wanted, Tensors& inputs) {
  std::vector<TensorView> views;
  for (const size_t index : wanted) {
    ASSIGN_OR_RETURN(TensorView view, session.Output(index));
    views.push_back(std::move(view));
  }
  Tensors outputs;
  outputs.reserve(views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    const bool again = std::any_of(views.begin() + static_cast<ptrdiff_t>(i) + 1, views.end(),
                                   [&](const TensorView& later) { return later.data == views[i].data; });
    outputs.push_back({.name = std::string(views[i].name),
                       .dtype = views[i].dtype,
                       .shape = views[i].shape,
                       .data = TakeData(views[i], again, inputs)});
  }
  return outputs;
}

// Few operators were written with a dimension of 0 in mind: an engine that fails on one fails on what the client sent.
absl::Status Blamed(absl::Status failure, const Tensors& inputs) {
  if (failure.ok() || ReasonOf(failure) != Reason::MODEL_FAILED) return failure;
  for (const Tensor& input : inputs) {
    if (std::find(input.shape.begin(), input.shape.end(), 0) == input.shape.end()) continue;
    return FieldError(Reason::INVALID_REQUEST, input.name,
                      StrCat("the model cannot compute input '", input.name, "' of shape ", ToString(input.shape),
                             ", which has a dimension of 0; send one that holds values"));
  }
  return failure;
}

}  // namespace

absl::StatusOr<Tensors> InferTensors(const ModelSignature& signature, Session& session, TensorInput& input,
                                     const Clock& clock, JobTimes& times, const std::stop_token& stop) {
  const TimePoint start = clock.Now();
  ASSIGN_OR_RETURN(const std::vector<size_t> wanted, WantedOutputs(signature, input.outputs));
  if (input.raw) RETURN_IF_ERROR(CompleteRaw(signature, input.inputs.front()));
  RETURN_IF_ERROR(Blamed(SetInputs(signature, session, input.inputs), input.inputs));
  const TimePoint ready = clock.Now();
  times.decode.Add(start, ready);
  const absl::Status ran = session.Run(stop);
  const TimePoint inferred = clock.Now();
  times.infer.Add(ready, inferred);
  RETURN_IF_ERROR(Blamed(ran, input.inputs));
  auto outputs = TakeOutputs(session, wanted, input.inputs);
  session.ForgetOutputs();
  times.post.Add(inferred, clock.Now());
  return outputs;
}

}  // namespace sluice
