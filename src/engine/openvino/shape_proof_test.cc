#include "engine/openvino/shape_proof.h"

#include "engine/openvino/deciding_ports.h"
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test
using Outcome = ShapeProof::Outcome;

constexpr uint64_t kBytesMax = 1 << 20;

TEST(ShapeProof, ANetOfFixedSizesNeedsNone) {
  const auto x = Input("x", ov::element::f32, {1, 4});
  EXPECT_EQ(ShapeProof::Make(*Net(std::make_shared<op::Relu>(x), {x}), kBytesMax), nullptr);
}

TEST(ShapeProof, ValuesThatSizesDependOnAreLookedAt) {
  const auto x = Input("x", ov::element::f32, {-1}), y = Input("n", ov::element::f32, {-1});
  const auto shape = Input("s", ov::element::i64, {-1});
  // By way of a computation, too.
  const auto twice = std::make_shared<op::Multiply>(shape, Values<int64_t>(ov::element::i64, {1}, {2}));
  const auto model = Net(std::make_shared<op::Broadcast>(std::make_shared<op::Add>(x, y), twice), {x, y, shape});
  EXPECT_EQ(DecidingInputs(*model), (std::vector{false, false, true}));
  const auto proof = ShapeProof::Make(*model, kBytesMax);
  const auto one = Of<float>({1}, {1});
  const auto infer = [&](std::vector<int64_t> sizes) {
    return proof->Infer(std::vector{one, one, Of<int64_t>({sizes.size()}, sizes)}).outcome;
  };
  EXPECT_EQ(infer({3, 4}), Outcome::kPossible);
  EXPECT_EQ(infer({-3, 4}), Outcome::kImpossible);
  EXPECT_EQ(infer({int64_t{1} << 10, int64_t{1} << 10}), Outcome::kImpossible) << "16 MiB";
  EXPECT_EQ(infer({int64_t{1} << 40, int64_t{1} << 40}), Outcome::kImpossible);
  EXPECT_EQ(infer({0, int64_t{1} << 31}), Outcome::kImpossible) << "a table of 16 GiB for nothing";
  EXPECT_EQ(infer(std::vector<int64_t>(100, 1)), Outcome::kOpen) << "more values than are looked at";
  EXPECT_EQ(infer({5}), Outcome::kPossible) << "and back";
  const auto two = Of<float>({2}, {1, 1}), three = Of<float>({3}, {1, 1, 1});
  const auto finding = proof->Infer(std::vector{two, three, Of<int64_t>({1}, {3})});
  EXPECT_EQ(finding.outcome, Outcome::kImpossible);
  EXPECT_TRUE(finding.why.starts_with("Add '")) << finding.why;
}

TEST(ShapeProof, WhatDataDecidesIsOpen) {
  const auto x = Input("x", ov::element::f32, {-1});
  const auto proof = ShapeProof::Make(*Net(std::make_shared<op::NonZero>(x), {x}), kBytesMax);
  EXPECT_EQ(proof->Infer(std::vector{Of<float>({2}, {0, 1})}).outcome, Outcome::kOpen);
}

TEST(ShapeProof, ElementsOutOfNone) {
  using Node = std::shared_ptr<ov::Node>;
  const auto outcome = [](const std::function<Node(const Node&)>& step, const ov::Shape& shape) {
    const auto x = Input("x", ov::element::f32, ov::PartialShape::dynamic(static_cast<int64_t>(shape.size())));
    const auto proof = ShapeProof::Make(*Net(step(x), {x}), kBytesMax);
    return proof->Infer(std::vector{ov::Tensor(ov::element::f32, shape)}).outcome;
  };
  const auto max = [](const Node& x) {
    const ov::Shape two = {2, 2}, one = {1, 1};
    return std::make_shared<ov::op::v1::MaxPool>(x, ov::Strides{1, 1}, one, one, two);
  };
  EXPECT_EQ(outcome(max, {1, 1, 1, 1}), Outcome::kPossible);
  EXPECT_EQ(outcome(max, {1, 1, 0, 1}), Outcome::kImpossible);
  const auto unique = [](const Node& x) { return std::make_shared<ov::op::v10::Unique>(x); };
  EXPECT_EQ(outcome(unique, {3}), Outcome::kOpen);
  EXPECT_EQ(outcome(unique, {0}), Outcome::kImpossible) << "it would give what it gave before";
  const auto more = [](const Node& x) {
    return std::make_shared<op::Concat>(ov::NodeVector{x, Values<float>(ov::element::f32, {1}, {1})}, 0);
  };
  EXPECT_EQ(outcome(more, {0}), Outcome::kPossible);
  const auto at = [](const Node& x) {
    return std::make_shared<op::Gather>(x, Values<int64_t>(ov::element::i64, {2}, {0, -3}),
                                        Values<int64_t>(ov::element::i64, {}, {-1}));
  };
  EXPECT_EQ(outcome(at, {2, 3}), Outcome::kPossible);
  EXPECT_EQ(outcome(at, {2, 2}), Outcome::kImpossible);
  EXPECT_EQ(outcome(at, {2, 0}), Outcome::kImpossible);
}

TEST(ShapeProof, MoreRowsOfIndicesThanOfData) {
  const auto x = Input("x", ov::element::f32, {-1, -1}), u = Input("u", ov::element::f32, {-1, -1});
  const auto i = Input("i", ov::element::i64, {-1, -1});
  const auto axis = Values<int64_t>(ov::element::i64, {}, {1});
  const auto proof =
      ShapeProof::Make(*Net(std::make_shared<op::ScatterElementsUpdate>(x, i, u, axis), {x, i, u}), kBytesMax);
  const auto outcome = [&](const ov::Shape& indices) {
    return proof
        ->Infer(std::vector{ov::Tensor(ov::element::f32, {2, 5}), ov::Tensor(ov::element::i64, indices),
                            ov::Tensor(ov::element::f32, indices)})
        .outcome;
  };
  EXPECT_EQ(outcome({2, 3}), Outcome::kPossible);
  EXPECT_EQ(outcome({1, 9}), Outcome::kPossible) << "they may name a column twice";
  EXPECT_EQ(outcome({3, 1}), Outcome::kImpossible);
}

TEST(ShapeProof, AStepOfZeroIsImpossible) {
  const auto a = Input("a", ov::element::i32, {}), b = Input("b", ov::element::i32, {}),
             c = Input("c", ov::element::i32, {});
  const auto proof =
      ShapeProof::Make(*Net(std::make_shared<op::Range>(a, b, c, ov::element::i32), {a, b, c}), kBytesMax);
  const auto infer = [&](int32_t start, int32_t stop, int32_t step) {
    return proof->Infer(std::vector{Of<int32_t>({}, {start}), Of<int32_t>({}, {stop}), Of<int32_t>({}, {step})})
        .outcome;
  };
  EXPECT_EQ(infer(0, 5, 1), Outcome::kPossible);
  EXPECT_EQ(infer(0, 5, 0), Outcome::kImpossible);
  EXPECT_EQ(infer(0, 0, 0), Outcome::kImpossible);
  EXPECT_EQ(infer(0, INT32_MAX, 1), Outcome::kImpossible) << "8 GiB";
}

}  // namespace
}  // namespace sluice
