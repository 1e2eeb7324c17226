// An inference request as REST carries it → ModelInferRequest.
//
//   {"id": "7", "parameters": {…},
//    "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]},
//               {"name": "y", "datatype": "INT8", "shape": [9], "parameters": {"binary_data_size": 9}}],
//    "outputs": [{"name": "z", "parameters": {"binary_data": true}}]}   followed by the bytes of y
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/decode_memory.h"
#include "inference/grpc_service.pb.h"

namespace sluice::oip {

// Which outputs go into the answer as bytes after the JSON.
struct AnswerForm {
  bool binary = false;                                // those not named below
  std::vector<std::pair<std::string, bool>> outputs;  // by name
  bool IsBinary(std::string_view output) const;
};

struct InferRequest {
  inference::ModelInferRequest message;  // with raw_input_contents; without the model's name
  AnswerForm form;
};

// A body in its two parts: JSON, then the bytes of tensors.
struct InferBody {
  std::string json;
  std::string tensors;
  bool raw = false;  // no JSON at all: `tensors` is what the model's only input gets
};

// Cuts a whole body. `header_length` is the text of Inference-Header-Content-Length, empty when there is none: all is
// JSON then; 0: nothing is. INVALID_BODY when it is not a number or more than the body.
absl::StatusOr<InferBody> CutBody(std::string body, std::string_view header_length);
// The number in that header.
absl::StatusOr<size_t> ParseHeaderLength(std::string_view text);

// Of a raw body the message has one raw_input_contents and no inputs, and all outputs are wanted as bytes.
// A single binary tensor that fills `body.tensors` is moved, not copied. Members that it does not know are skipped, as
// the protocol allows extensions. What it takes is taken from `memory`; null = nobody counts. Errors: INVALID_BODY with
// the place; those of DecodeMemory.
absl::StatusOr<InferRequest> ReadInferRequest(InferBody body, DecodeMemory* memory = nullptr);

// The `parameters` of a load or unload request, and `ready` of an index request. An empty body is fine.
absl::Status ReadRepositoryRequest(std::string_view json, google::protobuf::Message& request);

}  // namespace sluice::oip
