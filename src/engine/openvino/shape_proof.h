// Whether a net can be computed for inputs of given shapes: found by shape inference on a copy of its graph, before
// anything runs. A run that fails inside OpenVINO leaves the compiled model unusable, so what is bound to fail must not
// start.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "openvino/core/model.hpp"
#include "openvino/op/parameter.hpp"
#include "openvino/runtime/tensor.hpp"

namespace sluice {

class ShapeProof {
 public:
  enum class Outcome : uint8_t {
    kPossible,    // every tensor of the net has a size that follows from the inputs
    kOpen,        // some sizes follow only from what the net computes
    kImpossible,  // some step of the net cannot be done
  };
  struct Finding {
    Outcome outcome = Outcome::kPossible;
    std::string why = {};  // of kImpossible: fit for clients
  };

  // Null when all sizes of the net are fixed: then there is nothing to find. Throws what OpenVINO throws. No tensor of
  // the net may become larger than `tensor_bytes_max`.
  static std::unique_ptr<ShapeProof> Make(const ov::Model& model, uint64_t tensor_bytes_max);

  // True for an input whose values decide about sizes or whether a step can be done: the shape of a Reshape, the k of a
  // TopK.
  bool decides(size_t input) const { return inputs_[input].decides; }
  // Values of a deciding input with more bytes than this are not looked at: what depends on them is open.
  static constexpr size_t kValueBytesMax = 256;

  // `inputs` are all of the net's, in order. One thread at a time; costs about as much as 1 to 3 us for each step of
  // the net.
  Finding Infer(std::span<const ov::Tensor> inputs);

 private:
  struct Input {
    std::shared_ptr<ov::op::v0::Parameter> parameter;
    ov::Output<ov::Node> source;  // what the net's steps read instead of it: itself, or its values as a constant
    bool decides = false;
  };
  ShapeProof(std::shared_ptr<ov::Model> model, uint64_t tensor_bytes_max);
  void Set(Input& input, const ov::Tensor& tensor);

  const std::shared_ptr<ov::Model> model_;
  const std::vector<std::shared_ptr<ov::Node>> steps_;  // in an order in which they can be computed
  std::vector<Input> inputs_;
  const uint64_t tensor_bytes_max_;
};

}  // namespace sluice
