#include "api/open_inference/prepare.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/names.h"
#include "api/open_inference/contents.h"
#include "base/error.h"
#include "base/strings.h"
#include "inference/grpc_service.pb.h"

namespace sluice {
namespace {

using inference::InferParameter;
using inference::InferTensorContents;
using inference::ModelInferRequest;
using Parameters = google::protobuf::Map<std::string, InferParameter>;

constexpr int kTensorsMax = 1024;
constexpr int kDimensionsMax = 64;
constexpr size_t kParametersMax = 1024;  // of the request and its tensors together

absl::Status TooMany(std::string_view field, std::string_view what, size_t count, size_t most) {
  return FieldError(Reason::INVALID_REQUEST, field,
                    StrCat(field, " has ", count, " ", what, "; at most ", most, " are allowed"));
}

absl::Status CheckParameters(const Parameters& parameters, size_t& seen) {
  seen += parameters.size();
  if (seen > kParametersMax) return TooMany("parameters", "entries", seen, kParametersMax);
  for (const auto& [name, value] : parameters) {
    RETURN_IF_ERROR(CheckName("parameters", name));
    RETURN_IF_ERROR(CheckName("parameters", value.string_param()));
  }
  return absl::OkStatus();
}

absl::Status Check(const ModelInferRequest& request) {
  if (request.inputs_size() > kTensorsMax) {
    return TooMany("inputs", "tensors", static_cast<size_t>(request.inputs_size()), kTensorsMax);
  }
  if (request.outputs_size() > kTensorsMax) {
    return TooMany("outputs", "tensors", static_cast<size_t>(request.outputs_size()), kTensorsMax);
  }
  if (request.raw_input_contents_size() > kTensorsMax) {
    return TooMany("raw_input_contents", "entries", static_cast<size_t>(request.raw_input_contents_size()),
                   kTensorsMax);
  }
  size_t parameters = 0;
  RETURN_IF_ERROR(CheckName("id", request.id()));
  RETURN_IF_ERROR(CheckParameters(request.parameters(), parameters));
  for (const auto& input : request.inputs()) {
    RETURN_IF_ERROR(CheckName("inputs.name", input.name()));
    if (input.shape_size() > kDimensionsMax) {
      return TooMany("inputs.shape", "dimensions", static_cast<size_t>(input.shape_size()), kDimensionsMax);
    }
    RETURN_IF_ERROR(CheckParameters(input.parameters(), parameters));
  }
  for (const auto& output : request.outputs()) {
    RETURN_IF_ERROR(CheckName("outputs.name", output.name()));
    RETURN_IF_ERROR(CheckParameters(output.parameters(), parameters));
  }
  return absl::OkStatus();
}

template <typename Values>
void KeepFirst(Values& values) {
  if (values.size() > 1) values.Truncate(1);
}

// The values before the first that does not fit are of no interest to the error.
template <typename Values>
void KeepWrong(Values& values, int64_t least, int64_t most) {
  for (int i = 0; i < values.size(); ++i) {
    const auto value = static_cast<int64_t>(values.Get(i));
    if (value >= least && value <= most) continue;
    values.SwapElements(0, i);
    break;
  }
  KeepFirst(values);
}

// As small as it can be with the same error: a value that does not fit, or values in another field than the datatype's.
void Cut(InferTensorContents& contents, DType dtype) {
  const auto bits = static_cast<int>(8 * SizeOf(dtype));
  if (dtype == DType::kInt8 || dtype == DType::kInt16) {
    KeepWrong(*contents.mutable_int_contents(), -(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1);
  }
  if (dtype == DType::kUint8 || dtype == DType::kUint16) {
    KeepWrong(*contents.mutable_uint_contents(), 0, (int64_t{1} << bits) - 1);
  }
  KeepFirst(*contents.mutable_bool_contents());
  KeepFirst(*contents.mutable_int_contents());
  KeepFirst(*contents.mutable_int64_contents());
  KeepFirst(*contents.mutable_uint_contents());
  KeepFirst(*contents.mutable_uint64_contents());
  KeepFirst(*contents.mutable_fp32_contents());
  KeepFirst(*contents.mutable_fp64_contents());
  auto& texts = *contents.mutable_bytes_contents();
  if (texts.size() > 1) texts.DeleteSubrange(1, texts.size() - 1);
}

// Where one input's contents are wrong, or there are raw ones beside them, the others are only cleared: the handler
// refuses it.
void MakeRaw(ModelInferRequest& request) {
  std::vector<std::string> made;
  bool wrong = request.raw_input_contents_size() > 0;
  for (auto& input : *request.mutable_inputs()) {
    const auto dtype = wrong ? std::nullopt : DTypeNamed(input.datatype());
    auto bytes = dtype ? BytesOf(input.contents(), *dtype, {}) : absl::StatusOr<std::string>(absl::UnknownError(""));
    if (bytes.ok()) made.push_back(*std::move(bytes));
    if (!bytes.ok() && dtype && input.has_contents()) Cut(*input.mutable_contents(), *dtype);
    if (input.has_contents() && (bytes.ok() || !dtype)) input.mutable_contents()->Clear();
    wrong = wrong || !bytes.ok();
  }
  if (wrong) return;
  for (auto& input : *request.mutable_inputs()) input.clear_contents();
  for (std::string& bytes : made) request.add_raw_input_contents(std::move(bytes));
}

constexpr size_t kObjectBytes = sizeof(std::string) + sizeof(size_t);
constexpr size_t kLengthBytes = 4;  // before each element

}  // namespace

size_t InferWorkBytes(const google::protobuf::Message& message) {
  const auto& request = static_cast<const ModelInferRequest&>(message);
  size_t bytes = 0;
  for (int i = 0; i < request.inputs_size() && i < request.raw_input_contents_size(); ++i) {
    if (DTypeNamed(request.inputs(i).datatype()) != DType::kBytes) continue;
    // As many as the shape says: engines refuse other ones before they make an object of any, and counting takes long.
    const auto& shape = request.inputs(i).shape();
    const auto elements = static_cast<size_t>(ElementsOf(Shape(shape.begin(), shape.end())).value_or(0));
    const size_t size = request.raw_input_contents(i).size();
    bytes += 2 * (size + std::min(elements, size / kLengthBytes) * kObjectBytes);
  }
  return bytes;
}

absl::Status PrepareInfer(google::protobuf::Message& message) {
  auto& request = static_cast<ModelInferRequest&>(message);
  RETURN_IF_ERROR(Check(request));
  MakeRaw(request);
  return absl::OkStatus();
}

}  // namespace sluice
