#include "pipeline/tensor/infer.h"

#include "base/error.h"
#include "base/stop.h"
#include "engine/identity/identity_engine.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

// Its two outputs lie in the memory of its input.
class TwinSession final : public Session {
 public:
  absl::StatusOr<void*> InputBuffer(size_t, const Shape&) override { return Error(Reason::INTERNAL, "unused"); }
  absl::Status SetInput(size_t, const TensorView& tensor) override {
    input_ = tensor;
    return absl::OkStatus();
  }
  absl::Status Run(std::stop_token stop) override { return CheckStop(stop); }
  absl::StatusOr<TensorView> Output(size_t index) override {
    TensorView view = input_;
    view.name = index == 0 ? "first" : "second";
    return view;
  }

 private:
  TensorView input_;
};

TEST(InferTensors, BytesThatComeBackAreHandedOnNotCopied) {
  const auto model = *MakeIdentityEngine()->Load(nullptr, {});
  const auto session = *model->NewSession();
  TensorInput input;
  input.inputs.push_back({.name = "input", .dtype = DType::kUint8, .shape = {1000}, .data = std::string(1000, 'x')});
  const char* const bytes = input.inputs[0].data.data();
  JobTimes times;
  const auto outputs = InferTensors(model->signature(), *session, input, SystemClock(), times);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].data.data(), bytes);
  EXPECT_EQ((*outputs)[0].shape, Shape({1000}));
}

TEST(InferTensors, TwoOutputsInOneMemoryBothHaveTheBytes) {
  TwinSession session;
  const ModelSignature signature{{{"input", DType::kUint8, {-1}}},
                                 {{"first", DType::kUint8, {-1}}, {"second", DType::kUint8, {-1}}}};
  TensorInput input;
  input.inputs.push_back({.name = "input", .dtype = DType::kUint8, .shape = {100}, .data = std::string(100, 'x')});
  JobTimes times;
  const auto outputs = InferTensors(signature, session, input, SystemClock(), times);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  for (const Tensor& output : *outputs) EXPECT_EQ(output.data, std::string(100, 'x')) << output.name;
}

TEST(InferTensors, TheEngineIsToldToStop) {
  TwinSession session;
  const ModelSignature signature{{{"input", DType::kUint8, {-1}}}, {{"first", DType::kUint8, {-1}}}};
  TensorInput input;
  input.inputs.push_back({.name = "input", .dtype = DType::kUint8, .shape = {1}, .data = "x"});
  JobTimes times;
  std::stop_source stop;
  stop.request_stop();
  const auto outputs = InferTensors(signature, session, input, SystemClock(), times, stop.get_token());
  EXPECT_EQ(ReasonOf(outputs.status()), Reason::CANCELLED);
}

}  // namespace
}  // namespace sluice
