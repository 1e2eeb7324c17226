// A step put into a net before one that OpenVINO computes without looking: it lets integers through that are inside
// their bounds. One outside is replaced by one inside, so that no foreign memory is read or written, and reported.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "openvino/op/op.hpp"

namespace sluice {

// What the guards of one compiled copy saw: nothing, or the complaint of one of them. The strings live with the net.
struct GuardReport {
  std::atomic<const std::string*> complaint{nullptr};
};

class Guard final : public ov::op::Op {
 public:
  OPENVINO_OP("Guard", "sluice");
  enum class Kind : uint8_t {
    kIndex,    // [-size, size) of the column's size; negative ones, which count from the end, become the others
    kLength,   // [0, size]
    kNotZero,  // for divisors
    kStep,     // neither 0 nor the smallest number of 32 bits, which has no opposite
  };

  Guard() = default;
  // `sizes`: integers, one, or one for each column of the last dimension. Not read for kNotZero and kStep.
  Guard(const ov::Output<ov::Node>& values, const ov::Output<ov::Node>& sizes, Kind kind, std::string complaint);

  void set_report(std::shared_ptr<GuardReport> report) { report_ = std::move(report); }

  void validate_and_infer_types() override;
  std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
  bool visit_attributes(ov::AttributeVisitor& visitor) override;
  bool has_evaluate() const override { return true; }
  bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;

 private:
  template <class T>
  bool Pass(const ov::Tensor& from, const std::vector<int64_t>& sizes, ov::Tensor& to) const;

  Kind kind_ = Kind::kIndex;
  std::shared_ptr<const std::string> complaint_ = std::make_shared<std::string>();
  std::shared_ptr<GuardReport> report_;
};

}  // namespace sluice
