#include "engine/openvino/whole_numbers.h"

#include "base/error.h"
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test
using ov::element::Type;

// Of the net that `make` makes of inputs a and b of `type`; 0 when it is refused.
int64_t MaxOf(Type type, const std::function<ov::Output<ov::Node>(ov::Output<ov::Node>, ov::Output<ov::Node>)>& make,
              const ov::PartialShape& shape = {4}) {
  const auto a = Input("a", type, shape), b = Input("b", type, shape);
  const auto max = WholeNumbersMax(*Net(make(a, b), {a, b}));
  EXPECT_TRUE(max.ok() || ReasonOf(max.status()) == Reason::UNIMPLEMENTED) << max.status();
  return max.value_or(0);
}

TEST(WholeNumbers, HowFarANetIsExact) {
  const Type i64 = ov::element::i64, i32 = ov::element::i32, u8 = ov::element::u8, f32 = ov::element::f32;
  const auto add = [](auto a, auto b) { return std::make_shared<op::Add>(a, b); };
  const auto times = [](auto a, auto b) { return std::make_shared<op::Multiply>(a, b); };
  const auto equal = [](auto a, auto b) { return std::make_shared<op::Equal>(a, b); };
  const auto concat = [](auto a, auto b) { return std::make_shared<op::Concat>(ov::OutputVector{a, b}, 0); };
  const auto to = [](Type type) { return [type](auto a, auto) { return std::make_shared<op::Convert>(a, type); }; };
  EXPECT_EQ(MaxOf(i64, concat), INT32_MAX);
  EXPECT_EQ(MaxOf(i64, add), kExactInFp32) << "the sum fits 32 bits";
  EXPECT_EQ(MaxOf(i64, times), 0) << "2^46";
  EXPECT_EQ(MaxOf(i64, equal), kExactInFp32);
  EXPECT_EQ(MaxOf(i32, add), INT32_MAX) << "wraps as it should";
  EXPECT_EQ(MaxOf(i32, times), INT32_MAX);
  EXPECT_EQ(MaxOf(i32, equal), kExactInFp32);
  EXPECT_EQ(MaxOf(u8, add), 0) << "OpenVINO saturates";
  EXPECT_EQ(MaxOf(u8, concat), INT32_MAX);
  EXPECT_EQ(MaxOf(f32, to(i64)), 0) << "5e18";
  EXPECT_EQ(MaxOf(f32, to(i32)), INT32_MAX);
  EXPECT_EQ(MaxOf(i64, to(f32)), INT32_MAX);
  EXPECT_EQ(MaxOf(ov::element::f64, add), 0);
  EXPECT_EQ(MaxOf(f32, to(ov::element::f64)), 0);
  EXPECT_EQ(MaxOf(ov::element::u32, concat), INT32_MAX);
  EXPECT_EQ(MaxOf(f32, add), INT32_MAX);
  const auto sum = [](auto a, auto) {
    return std::make_shared<op::ReduceSum>(a, Values<int64_t>(ov::element::i64, {1}, {0}), false);
  };
  EXPECT_EQ(MaxOf(i64, sum), 0);
}

// Sizes are integers of 64 bits, too, and no reason to refuse anything.
TEST(WholeNumbers, SizesAreNoValues) {
  const auto reshape = [](auto a, auto) {
    const auto shape = std::make_shared<op::ShapeOf>(a);
    const auto twice = std::make_shared<op::Multiply>(shape, Values<int64_t>(ov::element::i64, {1}, {2}));
    return std::make_shared<op::Broadcast>(Values<float>(ov::element::f32, {1}, {1}), twice);
  };
  EXPECT_EQ(MaxOf(ov::element::f32, reshape, {-1, -1}), INT32_MAX);
}

TEST(WholeNumbers, ArgMaxAndTheLikeAreFine) {
  const auto best = [](auto a, auto) {
    return std::make_shared<op::TopK>(a, Values<int64_t>(ov::element::i64, {}, {1}), 0, "max", "value",
                                      ov::element::i64)
        ->output(1);
  };
  EXPECT_EQ(MaxOf(ov::element::f32, best), INT32_MAX);
  const auto places = [](auto a, auto) { return std::make_shared<op::NonZero>(a, ov::element::i64); };
  EXPECT_EQ(MaxOf(ov::element::f32, places), INT32_MAX);
}

TEST(WholeNumbers, AnInputBeyondIsRefusedWithItsValue) {
  const auto a = Input("a", ov::element::i64, {-1}), b = Input("b", ov::element::i64, {-1});
  const auto net = Loaded(Net(std::make_shared<op::Concat>(ov::OutputVector{a, b}, 0), {a, b}));
  OpenVinoSession session(net);
  const auto one = Of<int64_t>({1}, {1});
  for (const int64_t value : {int64_t{INT32_MAX}, int64_t{-INT32_MAX}, int64_t{0}}) {
    ASSERT_TRUE(Ask(session, net->signature(), {Of<int64_t>({1}, {value}), one}).ok());
    EXPECT_EQ(session.Output(0)->As<int64_t>()[0], value);
  }
  for (const int64_t value : {(int64_t{1} << 40) + 1, -(int64_t{1} << 62), int64_t{1} << 31, int64_t{INT64_MIN}}) {
    const absl::Status status = Ask(session, net->signature(), {one, Of<int64_t>({1}, {value})});
    EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
    EXPECT_EQ(status.message(),
              "input 'b' contains " + std::to_string(value) + "; the model accepts integers up to 2147483647");
    EXPECT_EQ(FieldOf(status), "b");
  }
}

TEST(WholeNumbers, AreExactUpToThere) {
  const int64_t max = kExactInFp32;
  const auto a = Input("a", ov::element::i64, {3}), b = Input("b", ov::element::i64, {3});
  const auto net = Loaded(Net(std::make_shared<op::Less>(a, b), {a, b}));
  ASSERT_EQ(net->whole_numbers_max(), max);
  OpenVinoSession session(net);
  ASSERT_TRUE(Ask(session, net->signature(),
                  {Of<int64_t>({3}, {max - 1, -max, max}), Of<int64_t>({3}, {max, 1 - max, max - 1})})
                  .ok());
  const auto less = session.Output(0)->As<uint8_t>();
  EXPECT_EQ(std::vector<int>(less.begin(), less.end()), (std::vector<int>{1, 1, 0}));
}

// Together with a comparison, it is computed as FP32.
TEST(WholeNumbers, AChoiceIsExactAsFarAsFp32) {
  const auto a = Input("a", ov::element::i64, {-1, 2}), b = Input("b", ov::element::i64, {2});
  const auto less = std::make_shared<op::Less>(Values<int64_t>(ov::element::i64, {2}, {0, 1}), b);
  const auto net =
      Loaded(Net(std::make_shared<op::Select>(less, a, Values<int64_t>(ov::element::i64, {}, {0})), {a, b}));
  EXPECT_LE(net->whole_numbers_max(), kExactInFp32);
}

}  // namespace
}  // namespace sluice
