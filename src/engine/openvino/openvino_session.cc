#include "engine/openvino/openvino_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/check.h"
#include "engine/openvino/openvino_types.h"

namespace sluice {

OpenVinoSession::OpenVinoSession(std::string name, ModelSignature signature, ov::CompiledModel compiled)
    : name_(std::move(name)),
      signature_(std::move(signature)),
      compiled_(std::move(compiled)),
      request_(compiled_.create_infer_request()),
      inputs_(signature_.inputs.size()) {}

absl::Status OpenVinoSession::Failure(const char* event, const char* what) const {
  LogError(event, {{"model", name_}, {"error", what}});
  return Error(Reason::MODEL_FAILED, "the model failed on this input");
}

absl::StatusOr<void*> OpenVinoSession::InputBuffer(size_t index, const Shape& shape) {
  if (index >= inputs_.size()) return Error(Reason::INTERNAL, "no such input");
  const TensorSpec& spec = signature_.inputs[index];
  if (spec.dtype == DType::kBytes) return Error(Reason::INTERNAL, "an input of BYTES has no buffer");
  RETURN_IF_ERROR(CheckShape(spec, shape));
  Input& input = inputs_[index];
  try {
    if (!input.allocated) {
      input.own = ov::Tensor(ToOv(spec.dtype), ToOv(shape));
      input.allocated = true;
    } else if (const ov::Shape& now = input.own.get_shape();
               !std::equal(now.begin(), now.end(), shape.begin(), shape.end())) {
      input.own.set_shape(ToOv(shape));
      input.bound = false;
    }
    if (!input.bound) request_.set_input_tensor(index, input.own);
    input.bound = true;
    input.given = true;
    return input.own.data();
  } catch (const std::exception& e) {
    return Failure("engine.input_failed", e.what());
  }
}

absl::Status OpenVinoSession::SetInput(size_t index, const TensorView& tensor) {
  if (index >= inputs_.size()) return Error(Reason::INTERNAL, "no such input");
  RETURN_IF_ERROR(CheckInput(signature_.inputs[index], tensor));
  try {
    if (tensor.dtype == DType::kBytes) return SetStrings(index, tensor);
    // An empty tensor may come without an address, which OpenVINO refuses.
    static const uint64_t nothing = 0;
    const void* data = tensor.data != nullptr ? tensor.data : &nothing;
    request_.set_input_tensor(index, ov::Tensor(ToOv(tensor.dtype), ToOv(tensor.shape), const_cast<void*>(data)));
    inputs_[index].bound = false;
    inputs_[index].given = true;
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return Failure("engine.input_failed", e.what());
  }
}

// Throws. Strings have no memory in common with BYTES: they are copied.
absl::Status OpenVinoSession::SetStrings(size_t index, const TensorView& tensor) {
  ov::Tensor strings(ov::element::string, ToOv(tensor.shape));
  FillStrings({static_cast<const char*>(tensor.data), tensor.bytes}, strings);
  request_.set_input_tensor(index, strings);
  inputs_[index].bound = false;
  inputs_[index].given = true;
  return absl::OkStatus();
}

absl::Status OpenVinoSession::Run(std::stop_token /*stop*/) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].given) continue;
    const std::string& name = signature_.inputs[i].name;
    return FieldError(Reason::INVALID_REQUEST, name, StrCat("input '", name, "' is missing"));
  }
  // Caller memory is only good for one run.
  for (Input& input : inputs_) input.given = input.bound;
  try {
    request_.infer();
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return Failure("engine.run_failed", e.what());
  }
}

absl::StatusOr<TensorView> OpenVinoSession::Output(size_t index) {
  if (index >= signature_.outputs.size()) return Error(Reason::INTERNAL, "no such output");
  try {
    const ov::Tensor tensor = request_.get_output_tensor(index);
    const TensorSpec& spec = signature_.outputs[index];
    if (spec.dtype == DType::kBytes) {
      strings_.resize(signature_.outputs.size());
      strings_[index].clear();
      AppendStrings(tensor, strings_[index]);
      return TensorView{spec.name, spec.dtype, FromOv(tensor.get_shape()), strings_[index].data(),
                        strings_[index].size()};
    }
    return TensorView{spec.name, spec.dtype, FromOv(tensor.get_shape()), tensor.data(), tensor.get_byte_size()};
  } catch (const std::exception& e) {
    return Failure("engine.output_failed", e.what());
  }
}

absl::Status OpenVinoSession::WarmUp() {
  bool open = false;
  try {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      ov::Shape shape;
      for (const int64_t dim : signature_.inputs[i].shape) {
        open |= dim < 0;
        shape.push_back(dim < 0 ? 1 : static_cast<size_t>(dim));
      }
      ov::Tensor zeros(ToOv(signature_.inputs[i].dtype), shape);
      if (signature_.inputs[i].dtype != DType::kBytes) std::memset(zeros.data(), 0, zeros.get_byte_size());
      request_.set_input_tensor(i, zeros);
    }
    request_.infer();
    return absl::OkStatus();
  } catch (const std::exception& e) {
    if (!open) return Failure("engine.warm_up_failed", e.what());
  }
  request_ = compiled_.create_infer_request();
  return absl::OkStatus();
}

}  // namespace sluice
