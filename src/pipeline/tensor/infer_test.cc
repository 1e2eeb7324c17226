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
  absl::Status Run(std::stop_token stop) override {
    if (fails) return Error(Reason::MODEL_FAILED, "the model failed on this input");
    return CheckStop(stop);
  }
  absl::StatusOr<TensorView> Output(size_t index) override {
    TensorView view = input_;
    view.name = index == 0 ? "first" : "second";
    return view;
  }
  bool fails = false;

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

TEST(InferTensors, AFailureOnAnEmptyInputIsTheClients) {
  TwinSession session;
  session.fails = true;
  const ModelSignature signature{{{"input", DType::kUint8, {-1, -1}}}, {{"first", DType::kUint8, {-1, -1}}}};
  const auto failure = [&](Shape shape, std::string data) {
    TensorInput input;
    input.inputs.push_back({.name = "input", .dtype = DType::kUint8, .shape = shape, .data = data});
    JobTimes times;
    return InferTensors(signature, session, input, SystemClock(), times).status();
  };
  EXPECT_EQ(ReasonOf(failure({1, 1}, "x")), Reason::MODEL_FAILED);
  EXPECT_EQ(ReasonOf(failure({1, 0}, "")), Reason::INVALID_REQUEST);
  EXPECT_EQ(failure({1, 0}, "").message(),
            "the model cannot compute input 'input' of shape [1,0], which has a dimension of 0; send one that holds "
            "values");
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
