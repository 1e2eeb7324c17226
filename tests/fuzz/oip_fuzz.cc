// Any bytes as the body of an inference over HTTP: the first two are Inference-Header-Content-Length. What is read must
// have as many bytes as its shapes say, and what is written of it must read again as the same tensors.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "transport/oip/infer_answer.h"
#include "transport/oip/infer_request.h"
#include "transport/oip/json_data.h"

namespace {

using namespace sluice;  // NOLINT

void Require(bool condition) {
  if (!condition) std::abort();
}

// As an identity model would answer.
inference::ModelInferResponse Echo(const inference::ModelInferRequest& request) {
  inference::ModelInferResponse response;
  for (int i = 0; i < request.inputs_size(); ++i) {
    auto& output = *response.add_outputs();
    output.set_name(request.inputs(i).name());
    output.set_datatype(request.inputs(i).datatype());
    *output.mutable_shape() = request.inputs(i).shape();
    response.add_raw_output_contents(request.raw_input_contents(i));
  }
  return response;
}

// The answer's JSON is a request's, but for the name of the list.
void CheckAnswer(const inference::ModelInferRequest& request, const oip::AnswerForm& form, bool keep) {
  auto answer = oip::WriteInferAnswer(Echo(request), form);
  if (!answer.ok()) return;
  std::string json = std::move(answer->json), tensors;
  const size_t at = json.find("\"outputs\":");
  json.replace(at, 10, "\"inputs\":");
  for (const std::string& tensor : answer->tensors) tensors += tensor;
  const auto again = oip::ReadInferRequest({json, tensors});
  if (!keep) return;
  Require(again.ok());
  for (int i = 0; i < request.inputs_size(); ++i) {
    Require(again->message.raw_input_contents(i).size() == request.raw_input_contents(i).size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t length = data[0] | data[1] << 8;
  auto cut = oip::CutBody(std::string(reinterpret_cast<const char*>(data + 2), size - 2),
                          length == 0xffff ? std::string() : StrCat(length));
  if (!cut.ok()) return 0;
  bool text_only = true;
  (void)oip::ReadRepositoryRequest(cut->json, *std::make_unique<inference::RepositoryModelLoadRequest>());
  const auto request = oip::ReadInferRequest(*std::move(cut));
  if (!request.ok()) return 0;
  for (int i = 0; i < request->message.inputs_size(); ++i) {
    const auto& input = request->message.inputs(i);
    const auto type = DTypeNamed(input.datatype());
    Require(type.has_value());
    const bool binary = input.parameters().count("binary_data_size") > 0;  // its size is the handler's to check
    if (binary) text_only = false;
    if (binary || *type == DType::kBytes) continue;
    const auto elements = oip::ElementsOf({input.shape().data(), static_cast<size_t>(input.shape().size())});
    Require(request->message.raw_input_contents(i).size() == static_cast<size_t>(*elements) * SizeOf(*type));
  }
  CheckAnswer(request->message, {}, text_only);
  CheckAnswer(request->message, {.binary = true}, true);
  return 0;
}
