#include "transport/oip/infer_request.h"

#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/scalar_text.h"
#include "transport/oip/json_data.h"
#include "transport/oip/json_members.h"

namespace sluice::oip {
namespace {

using inference::InferParameter;
using inference::ModelInferRequest;
using Parameters = google::protobuf::Map<std::string, InferParameter>;
using json::Tokens;

constexpr size_t kDimensionsMax = 64;
constexpr size_t kTensorsMax = 1024;
constexpr size_t kParametersMax = 1024;  // of the request and its tensors together
constexpr char kBinarySize[] = "binary_data_size";

absl::Status ReadParameter(Tokens& tokens, InferParameter& out) {
  const char first = tokens.Peek();
  if (first == '"') return ReadString(tokens, *out.mutable_string_param());
  if (first == 't' || first == 'f') {
    bool value = false;
    RETURN_IF_ERROR(ReadBool(tokens, value));
    out.set_bool_param(value);
    return absl::OkStatus();
  }
  if (first != '-' && (first < '0' || first > '9'))
    return WrongValue(tokens, "must be a string, a number, true or false");
  const std::string_view text = tokens.Scalar();
  if (const auto whole = json::ParseInt64(text)) {
    out.set_int64_param(*whole);
  } else if (const auto large = json::ParseUint64(text)) {
    out.set_uint64_param(*large);
  } else if (const auto real = json::ParseDouble(text, false)) {
    out.set_double_param(*real);
  } else {
    return WrongValue(tokens, "is not a number");
  }
  tokens.Advance();
  return absl::OkStatus();
}

std::optional<bool> BoolOf(const Parameters& parameters, const char* name) {
  const auto it = parameters.find(name);
  if (it == parameters.end() || !it->second.has_bool_param()) return std::nullopt;
  return it->second.bool_param();
}

class Reader {
 public:
  Reader(Tokens& tokens, std::string tensors, InferRequest& out, DecodeMemory* memory)
      : tokens_(tokens), tensors_(std::move(tensors)), out_(out), memory_(memory) {}

  absl::Status Read() {
    RETURN_IF_ERROR(ReadObject(tokens_, [this](std::string_view key) { return ReadMember(key); }));
    if (!tokens_.AtEnd()) return WrongValue(tokens_, "has extra data after its end");
    if (!inputs_seen_) return FieldError(Reason::INVALID_BODY, "inputs", "inputs is missing; send a list of tensors");
    if (taken_ == tensors_.size()) {
      // The one tensor that is all of the bytes gets them without a copy.
      if (whole_ != nullptr) *whole_ = std::move(tensors_);
      return absl::OkStatus();
    }
    return Error(Reason::INVALID_BODY,
                 StrCat("the body has ", tensors_.size() - taken_,
                        " bytes after its tensors; the inputs' binary_data_size must cover them"));
  }

 private:
  absl::Status ReadMember(std::string_view key) {
    ModelInferRequest& message = out_.message;
    if (key == "id") return ReadString(tokens_, *message.mutable_id());
    if (key == "parameters") {
      RETURN_IF_ERROR(ReadParameters(*message.mutable_parameters()));
      out_.form.binary = BoolOf(message.parameters(), "binary_data_output").value_or(false);
      return absl::OkStatus();
    }
    if (key == "inputs") {
      inputs_seen_ = true;
      return ReadList(tokens_, [this] { return ReadInput(); });
    }
    if (key == "outputs") return ReadList(tokens_, [this] { return ReadOutput(); });
    return SkipValue(tokens_);
  }

  absl::Status ReadInput() {
    if (out_.message.inputs_size() == kTensorsMax) return WrongValue(tokens_, "is one input too many");
    auto& input = *out_.message.add_inputs();
    std::optional<uint32_t> data;  // where it begins: what it means is known at the end of the object
    bool shaped = false;
    const uint32_t start = tokens_.Mark();
    RETURN_IF_ERROR(ReadObject(tokens_, [&](std::string_view key) -> absl::Status {
      if (key == "name") return ReadString(tokens_, *input.mutable_name());
      if (key == "datatype") return ReadString(tokens_, *input.mutable_datatype());
      if (key == "shape") {
        shaped = true;
        return ReadShape(*input.mutable_shape());
      }
      if (key == "parameters") return ReadParameters(*input.mutable_parameters());
      if (key == "data") data = tokens_.Mark();
      return SkipValue(tokens_);
    }));
    const uint32_t end = tokens_.Mark();
    tokens_.Reset(start);
    if (input.name().empty()) return WrongValue(tokens_, "has no name");
    if (!shaped) return WrongValue(tokens_, "has no shape");
    const auto type = DTypeNamed(input.datatype());
    if (!type)
      return WrongValue(tokens_,
                        "has no datatype, or an unknown one; use BOOL, UINT8 to UINT64, INT8 to "
                        "INT64, FP16, FP32, FP64, BF16 and BYTES");
    RETURN_IF_ERROR(ReadContents(input, *type, data));
    tokens_.Reset(end);
    return absl::OkStatus();
  }

  absl::Status ReadContents(ModelInferRequest::InferInputTensor& input, DType type, std::optional<uint32_t> data) {
    const auto size = input.parameters().find(kBinarySize);
    std::string& contents = *out_.message.add_raw_input_contents();
    if (size != input.parameters().end()) {
      if (data) return WrongValue(tokens_, "has both data and binary_data_size; send one of them");
      if (!size->second.has_int64_param())
        return WrongValue(tokens_, "has a binary_data_size that is not a byte count");
      return TakeTensor(size->second.int64_param(), contents);
    }
    if (!data) return WrongValue(tokens_, "has neither data nor parameters.binary_data_size");
    // Texts of a length that nobody knows: their list grows.
    if (type == DType::kBytes && !std::exchange(has_texts_, true)) RETURN_IF_ERROR(Take(2 * tokens_.Text().size()));
    tokens_.Reset(*data);
    const std::span<const int64_t> shape(input.shape().data(), static_cast<size_t>(input.shape().size()));
    return ReadData(tokens_, type, shape, contents);
  }

  absl::Status TakeTensor(int64_t size, std::string& contents) {
    const size_t left = tensors_.size() - taken_;
    if (size < 0 || static_cast<uint64_t>(size) > left) {
      return WrongValue(tokens_,
                        StrCat("has a binary_data_size of ", size, "; ", left, " bytes are left after the JSON"));
    }
    if (taken_ == 0 && static_cast<size_t>(size) == tensors_.size()) {
      taken_ = tensors_.size();
      whole_ = &contents;
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Take(static_cast<size_t>(size)));
    contents.assign(tensors_, taken_, static_cast<size_t>(size));
    taken_ += static_cast<size_t>(size);
    return absl::OkStatus();
  }

  absl::Status ReadShape(google::protobuf::RepeatedField<int64_t>& shape) {
    return ReadList(tokens_, [&]() -> absl::Status {
      int64_t dim = 0;
      if (shape.size() == kDimensionsMax) return WrongValue(tokens_, "is one dimension too many");
      const uint32_t start = tokens_.Mark();
      RETURN_IF_ERROR(ReadInteger(tokens_, dim));
      if (dim < 0) {
        tokens_.Reset(start);
        return WrongValue(tokens_, "must not be negative: a request's shape gives its actual size");
      }
      shape.Add(dim);
      return absl::OkStatus();
    });
  }

  absl::Status ReadOutput() {
    if (out_.message.outputs_size() == kTensorsMax) return WrongValue(tokens_, "is one output too many");
    auto& output = *out_.message.add_outputs();
    const uint32_t start = tokens_.Mark();
    RETURN_IF_ERROR(ReadObject(tokens_, [&](std::string_view key) {
      if (key == "name") return ReadString(tokens_, *output.mutable_name());
      if (key == "parameters") return ReadParameters(*output.mutable_parameters());
      return SkipValue(tokens_);
    }));
    if (output.name().empty()) {
      tokens_.Reset(start);
      return WrongValue(tokens_, "has no name");
    }
    if (const auto binary = BoolOf(output.parameters(), "binary_data"))
      out_.form.outputs.emplace_back(output.name(), *binary);
    return absl::OkStatus();
  }

  absl::Status Take(size_t bytes) { return memory_ == nullptr ? absl::OkStatus() : memory_->Take(bytes); }

  // A parameter may be any JSON. Lists and objects (MLServer's headers) have no place in the message and mean nothing
  // here.
  absl::Status ReadParameters(Parameters& out) {
    return ReadObject(tokens_, [&](std::string_view key) {
      if (tokens_.Peek() == '{' || tokens_.Peek() == '[') return SkipValue(tokens_);
      if (++parameters_ > kParametersMax) return WrongValue(tokens_, "is one parameter too many");
      return ReadParameter(tokens_, out[std::string(key)]);
    });
  }

  Tokens& tokens_;
  std::string tensors_;
  InferRequest& out_;
  DecodeMemory* const memory_;
  size_t parameters_ = 0;
  bool has_texts_ = false;
  size_t taken_ = 0;  // of tensors_
  std::string* whole_ = nullptr;
  bool inputs_seen_ = false;
};

absl::Status ReadRepositoryParameter(Tokens& tokens, inference::ModelRepositoryParameter& out) {
  InferParameter value;
  RETURN_IF_ERROR(ReadParameter(tokens, value));
  if (value.has_bool_param()) out.set_bool_param(value.bool_param());
  if (value.has_int64_param()) out.set_int64_param(value.int64_param());
  if (value.has_string_param()) out.set_string_param(value.string_param());
  return absl::OkStatus();
}

}  // namespace

bool AnswerForm::IsBinary(std::string_view output) const {
  for (const auto& [name, is_binary] : outputs) {
    if (name == output) return is_binary;
  }
  return binary;
}

absl::StatusOr<size_t> ParseHeaderLength(std::string_view text) {
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error == std::errc() && end == text.data() + text.size()) return length;
  return FieldError(Reason::INVALID_BODY, "inference-header-content-length",
                    StrCat("Inference-Header-Content-Length '", Excerpt(text, 40), "' is not a byte count"));
}

absl::StatusOr<InferBody> CutBody(std::string body, std::string_view header_length) {
  if (header_length.empty()) return InferBody{.json = std::move(body), .tensors = {}};
  ASSIGN_OR_RETURN(const size_t length, ParseHeaderLength(header_length));
  if (length > body.size()) {
    return FieldError(
        Reason::INVALID_BODY, "inference-header-content-length",
        StrCat("Inference-Header-Content-Length is ", length, ", and the body has ", body.size(), " bytes"));
  }
  InferBody cut{.json = body.substr(0, length), .tensors = {}, .raw = length == 0};
  body.erase(0, length);
  cut.tensors = std::move(body);
  return cut;
}

absl::StatusOr<InferRequest> ReadInferRequest(InferBody body, DecodeMemory* memory) {
  if (body.raw) {
    if (body.tensors.empty()) {
      return Error(Reason::INVALID_BODY,
                   "the body is empty; with Inference-Header-Content-Length: 0 it is the bytes of the "
                   "model's only input");
    }
    InferRequest request;
    request.form.binary = true;
    *request.message.add_raw_input_contents() = std::move(body.tensors);
    return request;
  }
  const std::string_view json = WithoutBom(body.json);
  if (!LooksLikeUtf16(json) && json.find_first_not_of(" \t\r\n") != json.find('{')) {
    return Error(Reason::INVALID_BODY,
                 "the body must be a JSON object; the bytes of a model's only input are sent with "
                 "Inference-Header-Content-Length: 0");
  }
  Tokens tokens;
  RETURN_IF_ERROR(memory == nullptr ? tokens.Scan(body.json) : tokens.Scan(body.json, *memory));
  // A number takes two tokens and at most eight bytes; a text, its own and four.
  if (memory != nullptr) RETURN_IF_ERROR(memory->Take(body.json.size() + 4 * tokens.count()));
  InferRequest request;
  Reader reader(tokens, std::move(body.tensors), request, memory);
  RETURN_IF_ERROR(reader.Read());
  return request;
}

absl::Status ReadRepositoryRequest(std::string_view json, google::protobuf::Message& request) {
  if (WithoutBom(json).empty()) return absl::OkStatus();
  Tokens tokens;
  RETURN_IF_ERROR(tokens.Scan(json));
  return ReadObject(tokens, [&](std::string_view key) -> absl::Status {
    if (auto* index = dynamic_cast<inference::RepositoryIndexRequest*>(&request); index != nullptr && key == "ready") {
      bool ready = false;
      RETURN_IF_ERROR(ReadBool(tokens, ready));
      index->set_ready(ready);
      return absl::OkStatus();
    }
    google::protobuf::Map<std::string, inference::ModelRepositoryParameter>* parameters = nullptr;
    if (auto* load = dynamic_cast<inference::RepositoryModelLoadRequest*>(&request))
      parameters = load->mutable_parameters();
    if (auto* unload = dynamic_cast<inference::RepositoryModelUnloadRequest*>(&request))
      parameters = unload->mutable_parameters();
    if (parameters == nullptr || key != "parameters") return SkipValue(tokens);
    return ReadObject(tokens, [&](std::string_view name) {
      if (tokens.Peek() == '{' || tokens.Peek() == '[') return SkipValue(tokens);
      return ReadRepositoryParameter(tokens, (*parameters)[std::string(name)]);
    });
  });
}

}  // namespace sluice::oip
