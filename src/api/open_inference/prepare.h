// What is done to a ModelInferRequest where it is decoded, off the loop when it is large.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace sluice {

// Checks how many tensors, dimensions and parameters there are and how long their names are (INVALID_REQUEST), and
// turns typed contents into raw ones. Contents that are wrong are cut to what the handler's error is about. Afterwards
// the message has few parts, whatever was sent.
absl::Status PrepareInfer(google::protobuf::Message& request);

// Of a prepared one: what BYTES tensors become in an engine, as input and as output: an object for each element, and its
// text.
size_t InferWorkBytes(const google::protobuf::Message& request);

}  // namespace sluice
