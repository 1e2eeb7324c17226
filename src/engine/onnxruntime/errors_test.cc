#include "engine/onnxruntime/errors.h"

#include "gtest/gtest.h"

namespace sluice::ort {
namespace {

TEST(PlainText, NamesTheOperatorAndWhatWentWrongAndNoMore) {
  const struct {
    std::string_view theirs, ours;
  } cases[] = {
      {"Non-zero status code returned while running Gather node. Name:'embed' Status Message: indices element out of "
       "data "
       "bounds, idx=4 must be within the inclusive range [-4,3]",
       "Gather 'embed': indices element out of data bounds, idx=4 must be within the inclusive range [-4,3]"},
      {"Non-zero status code returned while running Reshape node. Name:'' Status Message: "
       "/onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:47 onnxruntime::ReshapeHelper::"
       "ReshapeHelper(const onnxruntime::TensorShape&, std::function<int(int)>, bool) [with T = a<b>] size == 1 was "
       "false. The "
       "input tensor cannot be reshaped.\n",
       "Reshape: The input tensor cannot be reshaped."},
      {"Non-zero status code returned while running MatMul node. Name:'' Status Message: matmul_helper.h:59 Compute "
       "MatMul "
       "dimension mismatch",
       "MatMul: MatMul dimension mismatch"},
      {"Non-zero status code returned while running If node. Name:'' Status Message: Non-zero status code returned "
       "while "
       "running Add node. Name:'inner' Status Message: /src/a.cc:1 int f() const x was false. ",
       "Add 'inner': the inputs do not fit together"},
      {"Non-zero status code returned while running Pad node. Name:'' Status Message: [ONNXRuntimeError] : 1 : FAIL : "
       "CalculateTensorStorageSize Tensor shape.Size() must be >= 0",
       "Pad: CalculateTensorStorageSize Tensor shape.Size() must be >= 0"},
      {"Load model from /secret/model.onnx failed:Protobuf parsing failed.",
       "Load model from failed:Protobuf parsing failed."},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(PlainText(c.theirs), c.ours);
}

TEST(PlainText, IsShortAndPrintable) {
  const std::string running = "while running Gather node. Name:'";
  EXPECT_EQ(PlainText(running + "\xff\n\x01" + std::string(500, 'n') + "' Status Message: x").substr(0, 12),
            "Gather '? ?n");
  EXPECT_LE(PlainText(running + std::string(500, 'n') + "' Status Message: " + std::string(5000, 'x')).size(), 300u);
  EXPECT_LE(PlainText(std::string(100'000, '(')).size(), 300u);
  EXPECT_LE(PlainText("/a.h:1 f" + std::string(100'000, '(')).size(), 300u);
}

}  // namespace
}  // namespace sluice::ort
