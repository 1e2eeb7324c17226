// One compiled copy and its infer request.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/openvino/openvino_net.h"
#include "openvino/runtime/compiled_model.hpp"
#include "openvino/runtime/infer_request.hpp"

namespace sluice {

class OpenVinoSession final : public Session {
 public:
  // Throws what OpenVINO throws.
  explicit OpenVinoSession(std::shared_ptr<const OpenVinoNet> net);

  absl::StatusOr<void*> InputBuffer(size_t index, const Shape& shape) override;
  absl::Status SetInput(size_t index, const TensorView& tensor) override;
  absl::Status Run(std::stop_token stop) override;
  absl::StatusOr<TensorView> Output(size_t index) override;

  // One run on zeros, where a size for the open dimensions is found with which the net can be computed.
  absl::Status WarmUp();

 private:
  struct Input {
    ov::Tensor own;  // InputBuffer's memory
    bool allocated = false;
    bool bound = false;  // `own` is what the request reads
    bool given = false;  // has a value for the next Run
  };

  absl::Status SetStrings(size_t index, const TensorView& tensor);
  void Bind(size_t index, const ov::Tensor& tensor, bool own);
  absl::Status CheckGiven();
  absl::Status CheckRun();
  absl::Status Compute(const std::stop_token& stop);
  // A run that failed leaves the compiled copy in no sound state: it is made again before anything else is computed.
  absl::Status RunFailed(const char* what);
  absl::Status Restore();
  // Of all inputs together with open dimensions of this size.
  bool AreFew(int64_t open) const;
  void SetZeros(int64_t open);
  absl::Status Failure(const char* event, const char* what) const;

  const std::shared_ptr<const OpenVinoNet> net_;
  const ModelSignature& signature_;
  const std::shared_ptr<GuardReport> report_ = std::make_shared<GuardReport>();
  ov::CompiledModel compiled_;
  ov::InferRequest request_;
  bool sound_ = true;  // as compiled: no run failed since
  bool has_outputs_ = false;
  std::vector<Input> inputs_;
  std::vector<ov::Tensor> tensors_;   // what the request reads, by input
  std::string key_, well_;            // of this run, and of the last one that ran well (request_ledger.h)
  std::vector<std::string> strings_;  // outputs of BYTES, by output
};

}  // namespace sluice
