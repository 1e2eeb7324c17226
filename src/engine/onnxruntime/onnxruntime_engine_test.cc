#include "engine/onnxruntime/onnxruntime_engine.h"

#include <cstring>
#include <thread>

#include "base/error.h"
#include "engine/bytes.h"
#include "engine/onnx/testing/net.h"
#include "engine/shape.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace onnx;           // NOLINT: the types' names
using namespace onnx::testing;  // NOLINT: a small language of its own
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
struct Values {
  Shape shape;
  std::vector<T> values;
  TensorView View(DType dtype) const { return {"", dtype, shape, values.data(), values.size() * sizeof(T)}; }
};
using Floats = Values<float>;
using Longs = Values<int64_t>;
TensorView View(const Floats& of) { return of.View(DType::kFp32); }

class OnnxRuntimeTest : public ::testing::Test {
 protected:
  std::shared_ptr<LoadedModel> Load(const Net& net, const LoadOptions& options = {}) {
    auto model = engine_->Load(FilesOf(net.Bytes()), options);
    EXPECT_TRUE(model.ok()) << model.status();
    return model.ok() ? *model : nullptr;
  }
  std::unique_ptr<Session> NewSession(const Net& net, const LoadOptions& options = {}) {
    return *Load(net, options)->NewSession();
  }
  std::string LoadFailure(const Net& net, const LoadOptions& options = {}) {
    const auto model = engine_->Load(FilesOf(net.Bytes()), options);
    EXPECT_FALSE(model.ok());
    return std::string(model.status().message());
  }
  const std::unique_ptr<Engine> engine_ = MakeOnnxRuntimeEngine();
};

template <typename T>
std::vector<T> OutputOf(Session& session, size_t index = 0) {
  const auto output = session.Output(index);
  EXPECT_TRUE(output.ok()) << output.status();
  if (!output.ok()) return {};
  const auto values = output->As<T>();
  return {values.begin(), values.end()};
}

Net Relu() {
  Net net;
  net.Input("x", kFloat, {"n", "3"}).Node("Relu", {"x"}, {"y"}).Output("y", kFloat, {"n", "3"});
  return net;
}

TEST_F(OnnxRuntimeTest, SignatureHasNamesTypesAndOpenDimensions) {
  const auto model = Load(Relu());
  const ModelSignature& signature = model->signature();
  ASSERT_EQ(signature.inputs.size(), 1u);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.inputs[0].dtype, DType::kFp32);
  EXPECT_EQ(signature.inputs[0].shape, Shape({-1, 3}));
  EXPECT_THAT(signature.inputs[0].symbols, ElementsAre("n", ""));
  EXPECT_EQ(signature.outputs[0].name, "y");
}

TEST_F(OnnxRuntimeTest, ComputesFromItsOwnBufferAndFromTheCallers) {
  const auto session = NewSession(Relu());
  for (int rows = 1; rows <= 3; ++rows) {
    const auto buffer = session->InputBuffer(0, {rows, 3});
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    for (int i = 0; i < rows * 3; ++i) static_cast<float*>(*buffer)[i] = static_cast<float>(i - 1);
    ASSERT_TRUE(session->Run().ok());
    EXPECT_EQ(session->Output(0)->shape, Shape({rows, 3}));
    EXPECT_EQ(OutputOf<float>(*session).back(), static_cast<float>(rows * 3 - 2));
  }
  const Floats mine{{1, 3}, {-10, 20, 30}};
  ASSERT_TRUE(session->SetInput(0, View(mine)).ok());
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(OutputOf<float>(*session), ElementsAre(0, 20, 30));
  EXPECT_EQ(session->Run().message(), "input 'x' is missing");  // the caller's memory was good for one run
  EXPECT_FALSE(session->Output(0).ok());
  EXPECT_EQ(*session->InputBuffer(0, {1, 3}), *session->InputBuffer(0, {1, 3}));
}

}  // namespace
}  // namespace sluice
