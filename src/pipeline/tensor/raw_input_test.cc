#include "pipeline/tensor/raw_input.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice {
namespace {

Tensor Bytes(size_t count) {
  Tensor tensor;
  tensor.data = std::string(count, 'x');
  return tensor;
}

ModelSignature One(DType dtype, Shape shape) { return {{{"in", dtype, std::move(shape)}}, {}}; }

TEST(CompleteRaw, TheOpenDimensionFollowsFromTheBytes) {
  const struct {
    DType dtype;
    Shape shape;
    size_t bytes;
    Shape wanted;
  } cases[] = {
      {DType::kFp32, {2, 3}, 24, {2, 3}},         {DType::kFp32, {-1, 3}, 36, {3, 3}},
      {DType::kFp16, {1, -1}, 4, {1, 2}},         {DType::kUint8, {-1}, 0, {0}},
      {DType::kInt64, {4, -1, 2}, 64, {4, 1, 2}}, {DType::kFp64, {}, 8, {}},
  };
  for (const auto& c : cases) {
    Tensor tensor = Bytes(c.bytes);
    const absl::Status status = CompleteRaw(One(c.dtype, c.shape), tensor);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(tensor.shape, c.wanted) << ToString(c.wanted);
    EXPECT_EQ(tensor.name, "in");
    EXPECT_EQ(tensor.dtype, c.dtype);
    EXPECT_EQ(tensor.data.size(), c.bytes);
  }
}

TEST(CompleteRaw, ABytesTensorIsOneElement) {
  for (const Shape& shape : {Shape{1}, Shape{-1}, Shape{1, 1}, Shape{-1, 1}}) {
    Tensor tensor = Bytes(5);
    ASSERT_TRUE(CompleteRaw(One(DType::kBytes, shape), tensor).ok());
    EXPECT_EQ(tensor.data, std::string("\5\0\0\0xxxxx", 9));
    EXPECT_EQ(ElementsOf(tensor.shape), 1);
  }
}

TEST(CompleteRaw, WhatCannotBeKnownIsSaid) {
  const struct {
    ModelSignature signature;
    size_t bytes;
    std::string_view problem;
  } cases[] = {
      {{{{"a", DType::kFp32, {1}}, {"b", DType::kFp32, {1}}}, {}}, 4, "has 2 inputs"},
      {One(DType::kFp32, {-1, -1}), 4, "leaves more than one dimension of [-1,-1] open"},
      {One(DType::kFp32, {2, 3}), 20, "of type FP32 and shape [2,3] needs 24 bytes, not 20"},
      {One(DType::kFp32, {-1, 3}), 20, "needs a multiple of 12 bytes, not 20"},
      {One(DType::kFp32, {-1, 0}), 4, "needs a multiple of 0 bytes"},
      {One(DType::kBytes, {2}), 4, "has the shape [2]"},
  };
  for (const auto& c : cases) {
    Tensor tensor = Bytes(c.bytes);
    const absl::Status status = CompleteRaw(c.signature, tensor);
    EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
    EXPECT_NE(std::string(status.message()).find(c.problem), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace sluice
