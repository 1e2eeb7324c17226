// ModelInferResponse → the JSON of the answer, followed by the bytes of those tensors that are sent as bytes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "transport/oip/infer_request.h"

namespace sluice::oip {

struct InferAnswer {
  std::string json;
  std::vector<std::string> tensors;  // in the order of the outputs
  size_t bytes() const;
};

// Bytes of the JSON at most: a number of one byte may take five.
size_t JsonBytesMax(const inference::ModelInferResponse& response, const AnswerForm& form);

// Takes the bytes out of `response`, which has raw_output_contents. INVALID_REQUEST when an output cannot be written as
// JSON.
absl::StatusOr<InferAnswer> WriteInferAnswer(inference::ModelInferResponse response, const AnswerForm& form);

}  // namespace sluice::oip
