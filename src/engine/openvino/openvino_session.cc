#include "engine/openvino/openvino_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/check.h"
#include "engine/openvino/openvino_types.h"
#include "engine/openvino/whole_numbers.h"
#include "openvino/runtime/exception.hpp"

namespace sluice {

namespace {
// Of a warm-up at larger sizes: four open dimensions of 256 would be 17 GB.
constexpr double kZerosMax = 16 << 20;

absl::Status Stopped() { return Error(Reason::CANCELLED, "the run was cancelled"); }
}  // namespace

OpenVinoSession::OpenVinoSession(std::shared_ptr<const OpenVinoNet> net)
    : net_(std::move(net)),
      signature_(net_->signature()),
      compiled_(net_->Compile(report_)),
      request_(compiled_.create_infer_request()),
      inputs_(signature_.inputs.size()),
      tensors_(signature_.inputs.size()) {}

absl::Status OpenVinoSession::Failure(const char* event, const char* what) const {
  LogError(event, {{"model", net_->name()}, {"error", what}});
  return Error(Reason::MODEL_FAILED, "the model failed on this input");
}

// Throws.
void OpenVinoSession::Bind(size_t index, const ov::Tensor& tensor, bool own) {
  inputs_[index].bound = inputs_[index].given = false;
  request_.set_input_tensor(index, tensor);
  tensors_[index] = tensor;
  inputs_[index].bound = own;
  inputs_[index].given = true;
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
      input.bound = input.given = false;
      input.own.set_shape(ToOv(shape));
    }
    if (!input.bound) Bind(index, input.own, true);
    input.given = true;
    return input.own.data();
  } catch (const std::exception& e) {
    return Failure("engine.input_failed", e.what());
  }
}

absl::Status OpenVinoSession::SetInput(size_t index, const TensorView& tensor) {
  if (index >= inputs_.size()) return Error(Reason::INTERNAL, "no such input");
  RETURN_IF_ERROR(CheckInput(signature_.inputs[index], tensor));
  if (const auto value = ValueBeyond(tensor, net_->whole_numbers_max())) {
    return FieldError(Reason::INVALID_REQUEST, tensor.name,
                      StrCat("input '", signature_.inputs[index].name, "' contains ", *value,
                             "; the model accepts integers up to ", net_->whole_numbers_max()));
  }
  try {
    if (tensor.dtype == DType::kBytes) return SetStrings(index, tensor);
    // An empty tensor may come without an address, which OpenVINO refuses.
    static const uint64_t nothing = 0;
    const void* data = tensor.data != nullptr ? tensor.data : &nothing;
    Bind(index, ov::Tensor(ToOv(tensor.dtype), ToOv(tensor.shape), const_cast<void*>(data)), false);
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return Failure("engine.input_failed", e.what());
  }
}

// Throws. Strings have no memory in common with BYTES: they are copied.
absl::Status OpenVinoSession::SetStrings(size_t index, const TensorView& tensor) {
  ov::Tensor strings(ov::element::string, ToOv(tensor.shape));
  FillStrings({static_cast<const char*>(tensor.data), tensor.bytes}, strings);
  Bind(index, strings, false);
  return absl::OkStatus();
}

absl::Status OpenVinoSession::CheckGiven() {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].given) continue;
    const std::string& name = signature_.inputs[i].name;
    return FieldError(Reason::INVALID_REQUEST, name, StrCat("input '", name, "' is missing"));
  }
  // Caller memory is only good for one run.
  for (Input& input : inputs_) input.given = input.bound;
  return absl::OkStatus();
}

absl::Status OpenVinoSession::CheckRun() {
  if (!sound_) RETURN_IF_ERROR(Restore());
  if (net_->ledger() == nullptr) return absl::OkStatus();
  net_->ledger()->KeyOf(tensors_, key_);
  return key_ == well_ ? absl::OkStatus() : net_->ledger()->MayRun(key_, tensors_);
}

absl::Status OpenVinoSession::Run(std::stop_token stop) {
  has_outputs_ = false;
  RETURN_IF_ERROR(CheckGiven());
  RETURN_IF_ERROR(CheckRun());
  RETURN_IF_ERROR(Compute(stop));
  if (net_->ledger() != nullptr && key_ != well_) {
    net_->ledger()->RanWell(key_);
    well_ = key_;
  }
  if (const std::string* complaint = report_->complaint) return Error(Reason::INVALID_REQUEST, *complaint);
  has_outputs_ = true;
  return absl::OkStatus();
}

// Ends between two steps of the net when it is stopped, and leaves the copy sound then.
absl::Status OpenVinoSession::Compute(const std::stop_token& stop) {
  report_->complaint = nullptr;
  try {
    if (net_->has_state()) request_.reset_state();
    const std::stop_callback cancel(stop, [this] { request_.cancel(); });
    if (stop.stop_requested()) return Stopped();
    request_.infer();
    return absl::OkStatus();
  } catch (const ov::Cancelled&) {
    return Stopped();
  } catch (const std::exception& e) {
    return RunFailed(e.what());
  }
}

absl::Status OpenVinoSession::RunFailed(const char* what) {
  absl::Status status = Failure("engine.run_failed", what);
  sound_ = false;
  well_.clear();
  if (net_->ledger() != nullptr) net_->ledger()->Failed(key_);
  // Else the next run does, when there is time again.
  if (net_->budget().left()) Restore().IgnoreError();
  return status;
}

absl::Status OpenVinoSession::Restore() {
  if (!net_->budget().left()) {
    return Error(Reason::OVERLOADED, "the model failed too often and is being restored; try again later");
  }
  const TimePoint start = SystemClock().Now();
  absl::Status status;
  try {
    compiled_ = net_->Compile(report_);
    request_ = compiled_.create_infer_request();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (tensors_[i]) request_.set_input_tensor(i, tensors_[i]);
    }
    sound_ = true;
  } catch (const std::exception& e) {
    status = Failure("engine.restore_failed", e.what());
  }
  net_->budget().Spend(SystemClock().Now() - start);
  return status;
}

absl::StatusOr<TensorView> OpenVinoSession::Output(size_t index) {
  if (index >= signature_.outputs.size()) return Error(Reason::INTERNAL, "no such output");
  if (!has_outputs_) return Error(Reason::INTERNAL, "there are no outputs");
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

bool OpenVinoSession::AreFew(int64_t open) const {
  double elements = 0;
  for (const TensorSpec& input : signature_.inputs) {
    double product = 1;
    for (const int64_t dim : input.shape) product *= static_cast<double>(dim < 0 ? open : dim);
    elements += product;
  }
  return elements <= kZerosMax;
}

// Throws.
void OpenVinoSession::SetZeros(int64_t open) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ov::Shape shape;
    for (const int64_t dim : signature_.inputs[i].shape) shape.push_back(static_cast<size_t>(dim < 0 ? open : dim));
    ov::Tensor zeros(ToOv(signature_.inputs[i].dtype), shape);
    if (signature_.inputs[i].dtype != DType::kBytes) std::memset(zeros.data(), 0, zeros.get_byte_size());
    Bind(i, zeros, false);
  }
}

absl::Status OpenVinoSession::WarmUp() {
  absl::Status status;
  for (const int64_t open : {1, 8, 64, 256}) {
    if (open > 1 && !AreFew(open)) break;
    try {
      SetZeros(open);
    } catch (const std::exception& e) {
      return Failure("engine.warm_up_failed", e.what());
    }
    status = Run({});
    if (status.ok() || net_->ledger() == nullptr) break;
    // A net that cannot be computed for zeros of these sizes may be for others; one that fails is only tried once.
    if (ReasonOf(status) != Reason::INVALID_REQUEST) break;
  }
  has_outputs_ = false;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].given = false;
    tensors_[i] = {};
  }
  return net_->ledger() == nullptr ? status : absl::OkStatus();
}

}  // namespace sluice
