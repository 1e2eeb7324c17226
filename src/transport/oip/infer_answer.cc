#include "transport/oip/infer_answer.h"

#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "json/scalar_text.h"
#include "json/text.h"
#include "transport/oip/json_data.h"

namespace sluice::oip {
namespace {

using inference::InferParameter;
using inference::ModelInferResponse;

void AppendKey(std::string_view key, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  out.append("\"").append(key).append("\":");
}

void AppendParameter(const InferParameter& value, std::string& out) {
  switch (value.parameter_choice_case()) {
    case InferParameter::kBoolParam: out += value.bool_param() ? "true" : "false"; return;
    case InferParameter::kInt64Param: json::AppendInteger(int64_t{value.int64_param()}, out); return;
    case InferParameter::kUint64Param: json::AppendInteger(uint64_t{value.uint64_param()}, out); return;
    case InferParameter::kDoubleParam: json::AppendDouble(value.double_param(), out); return;
    case InferParameter::kStringParam: json::AppendQuoted(value.string_param(), out); return;
    case InferParameter::PARAMETER_CHOICE_NOT_SET: out += "null"; return;
  }
}

// The members of a parameters object, without its braces.
void AppendParameters(const google::protobuf::Map<std::string, InferParameter>& parameters, std::string& out) {
  for (const auto& [name, value] : parameters) {
    if (out.back() != '{') out.push_back(',');
    json::AppendQuoted(name, out);
    out.push_back(':');
    AppendParameter(value, out);
  }
}

void AppendShape(const google::protobuf::RepeatedField<int64_t>& shape, std::string& out) {
  out.push_back('[');
  for (const int64_t dim : shape) {
    if (out.back() != '[') out.push_back(',');
    json::AppendInteger(dim, out);
  }
  out.push_back(']');
}

absl::Status AppendOutput(const ModelInferResponse::InferOutputTensor& output, bool binary, std::string data,
                          InferAnswer& answer) {
  std::string& out = answer.json;
  out.push_back('{');
  AppendKey("name", out);
  json::AppendQuoted(output.name(), out);
  AppendKey("datatype", out);
  json::AppendQuoted(output.datatype(), out);
  AppendKey("shape", out);
  AppendShape(output.shape(), out);
  if (binary || !output.parameters().empty()) {
    AppendKey("parameters", out);
    out.push_back('{');
    AppendParameters(output.parameters(), out);
    if (binary) {
      AppendKey("binary_data_size", out);
      json::AppendInteger(uint64_t{data.size()}, out);
    }
    out.push_back('}');
  }
  if (binary) {
    answer.tensors.push_back(std::move(data));
  } else {
    const auto type = DTypeNamed(output.datatype());
    if (!type) return Error(Reason::INTERNAL, "an output has an unknown datatype");
    AppendKey("data", out);
    RETURN_IF_ERROR(WriteData(data, *type, out));
  }
  out.push_back('}');
  return absl::OkStatus();
}

}  // namespace

size_t InferAnswer::bytes() const {
  size_t sum = json.size();
  for (const std::string& tensor : tensors) sum += tensor.size();
  return sum;
}

size_t JsonBytesMax(const ModelInferResponse& response, const AnswerForm& form) {
  size_t bytes = 4096 + 8 * (response.id().size() + response.model_name().size());
  for (int i = 0; i < response.outputs_size() && i < response.raw_output_contents_size(); ++i) {
    const auto& output = response.outputs(i);
    bytes += 512 + 8 * output.name().size() + 24 * static_cast<size_t>(output.shape_size());
    if (form.IsBinary(output.name())) continue;
    const auto type = DTypeNamed(output.datatype());
    const size_t data = response.raw_output_contents(i).size();
    const size_t size = type ? SizeOf(*type) : 0;
    // Texts: each byte may be escaped. Numbers: digits, sign, point, exponent and comma.
    bytes += size == 0 ? 6 * data : data / size * (size == 1 ? 6 : size == 2 ? 16 : 3 * size + 6);
  }
  return bytes;
}

absl::StatusOr<InferAnswer> WriteInferAnswer(ModelInferResponse response, const AnswerForm& form) {
  if (response.raw_output_contents_size() != response.outputs_size()) {
    return Error(Reason::INTERNAL, "a response has more or fewer contents than outputs");
  }
  InferAnswer answer;
  std::string& out = answer.json;
  out.reserve(JsonBytesMax(response, form));  // a string that doubles takes three times as much
  out.push_back('{');
  AppendKey("model_name", out);
  json::AppendQuoted(response.model_name(), out);
  AppendKey("model_version", out);
  json::AppendQuoted(response.model_version(), out);
  if (!response.id().empty()) {
    AppendKey("id", out);
    json::AppendQuoted(response.id(), out);
  }
  if (!response.parameters().empty()) {
    AppendKey("parameters", out);
    out.push_back('{');
    AppendParameters(response.parameters(), out);
    out.push_back('}');
  }
  AppendKey("outputs", out);
  out.push_back('[');
  for (int i = 0; i < response.outputs_size(); ++i) {
    if (i > 0) out.push_back(',');
    RETURN_IF_ERROR(AppendOutput(response.outputs(i), form.IsBinary(response.outputs(i).name()),
                                 std::move(*response.mutable_raw_output_contents(i)), answer));
  }
  out += "]}";
  return answer;
}

}  // namespace sluice::oip
