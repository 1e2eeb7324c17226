// One compiled copy and its infer request.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "openvino/runtime/compiled_model.hpp"
#include "openvino/runtime/infer_request.hpp"

namespace sluice {

class OpenVinoSession final : public Session {
 public:
  // `name` is for the log. Throws what OpenVINO throws.
  OpenVinoSession(std::string name, ModelSignature signature, ov::CompiledModel compiled);

  absl::StatusOr<void*> InputBuffer(size_t index, const Shape& shape) override;
  absl::Status SetInput(size_t index, const TensorView& tensor) override;
  absl::Status Run(std::stop_token stop) override;
  absl::StatusOr<TensorView> Output(size_t index) override;

  // One run on zeros, open dimensions at 1. A model with open dimensions may refuse those: then it is simply not warmed up.
  absl::Status WarmUp();

 private:
  struct Input {
    ov::Tensor own;  // InputBuffer's memory
    bool allocated = false;
    bool bound = false;  // `own` is what the request reads
    bool given = false;  // has a value for the next Run
  };

  absl::Status SetStrings(size_t index, const TensorView& tensor);
  absl::Status Failure(const char* event, const char* what) const;

  const std::string name_;
  const ModelSignature signature_;
  ov::CompiledModel compiled_;
  ov::InferRequest request_;
  std::vector<Input> inputs_;
  std::vector<std::string> strings_;  // outputs of BYTES, by output
};

}  // namespace sluice
