#include "engine/onnx/hazards.h"

#include <functional>

#include "engine/onnx/testing/net.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::onnx {
namespace {

using namespace testing;  // NOLINT: engine/onnx/testing, a small language of its own
using ::testing::HasSubstr;

// Why it is refused; "guarded: " and the operators that are; nothing for a harmless one.
std::string Refusal(const std::string& model) {
  const auto guards = FindHazards(model);
  if (!guards.ok()) return std::string(guards.status().message());
  std::string ops;
  for (const Guard& guard : *guards) ops += std::string(ops.empty() ? "guarded: " : ", ") + std::string(guard.node.op);
  return ops;
}

// a and b of `type`, and z = Div(dividend, divisor) with what `between` makes of them.
std::string Division(Type type, const std::function<void(Net&)>& between, std::string_view dividend = "a",
                     std::string_view divisor = "d") {
  Net net;
  net.Input("a", type, {"n"}).Input("b", type, {"n"}).Input("x", kFloat, {"n", "m"}).Input("s", kInt64, {});
  between(net);
  net.Node("Div", {std::string(dividend), std::string(divisor)}, {"z"}).Output("z", type, {"n"});
  return net.Bytes();
}

TEST(HazardsTest, AWholeNumberDividedByWhatMayBeMinusOneIsRefused) {
  const auto same = [](Net& net) { net.Node("Identity", {"b"}, {"d"}); };
  const auto cast = [](Net& net) { net.Node("Cast", {"x"}, {"d"}, {Int("to", kInt64)}); };
  const auto minus_one = [](Net& net) { net.Constant<int64_t>("d", kInt64, {2}, {3, -1}); };
  const auto computed = [](Net& net) { net.Node("Shape", {"x"}, {"sizes"}).Node("Sub", {"sizes", "s"}, {"d"}); };
  const auto bits = [](Net& net) { net.Node("BitwiseNot", {"b"}, {"d"}); };
  const auto custom = [](Net& net) { net.Node("Mystery", {"b"}, {"d"}, {}, "some.domain"); };
  const auto either = [](Net& net) {
    net.Node("Constant", {}, {"one"}, {Int("value_int", 1)}).Node("Concat", {"one", "b"}, {"d"}, {Int("axis", 0)});
  };
  for (const Type type : {kInt32, kInt64}) EXPECT_THAT(Refusal(Division(type, same)), HasSubstr("guarded: Div"));
  EXPECT_THAT(Refusal(Division(kInt64, cast)), HasSubstr("Div"));
  EXPECT_THAT(Refusal(Division(kInt64, minus_one)), HasSubstr("Div"));
  EXPECT_THAT(Refusal(Division(kInt64, computed)), HasSubstr("Div"));
  EXPECT_THAT(Refusal(Division(kInt64, bits)), HasSubstr("Div"));
  EXPECT_THAT(Refusal(Division(kInt64, custom)), HasSubstr("Div"));
  EXPECT_THAT(Refusal(Division(kInt64, either)), HasSubstr("Div"));
}

TEST(HazardsTest, OtherDivisionsAreServed) {
  const auto same = [](Net& net) { net.Node("Identity", {"b"}, {"d"}); };
  const auto constant = [](Net& net) { net.Constant<int64_t>("d", kInt64, {2}, {3, 2}); };
  const auto value_ints = [](Net& net) { net.Node("Constant", {}, {"d"}, {Ints("value_ints", {2, 4})}); };
  const auto size = [](Net& net) {
    net.Node("Shape", {"x"}, {"sizes"})
        .Constant<int64_t>("first", kInt64, {}, {0})
        .Node("Gather", {"sizes", "first"}, {"size"})
        .Node("Cast", {"size"}, {"other"}, {Int("to", kInt32)})
        .Node("Cast", {"other"}, {"again"}, {Int("to", kInt64)})
        .Node("Mul", {"again", "size"}, {"both"})
        .Node("Unsqueeze", {"both", "first"}, {"d"});
  };
  const auto size_divided = [](Net& net) {
    net.Node("Shape", {"x"}, {"sizes"})
        .Constant<int64_t>("one", kInt64, {}, {1})
        .Node("Sub", {"sizes", "one"}, {"less"});
  };
  const auto of_bytes = [](Net& net) { net.Input("u", kUint8, {"n"}).Node("Cast", {"u"}, {"d"}, {Int("to", kInt64)}); };
  const auto clipped = [](Net& net) { net.Constant<int64_t>("one", kInt64, {}, {1}).Node("Max", {"b", "one"}, {"d"}); };
  for (const Type type : {kFloat, kDouble, kFloat16, kUint8, kInt8, kInt16, kUint32, kUint64}) {
    EXPECT_EQ(Refusal(Division(type, same)), "") << type;
  }
  EXPECT_EQ(Refusal(Division(kInt64, constant)), "");
  EXPECT_EQ(Refusal(Division(kInt64, value_ints)), "");
  EXPECT_EQ(Refusal(Division(kInt64, size)), "");
  EXPECT_EQ(Refusal(Division(kInt64, size_divided, "less", "b")), "");
  EXPECT_EQ(Refusal(Division(kInt64, of_bytes)), "");
  EXPECT_EQ(Refusal(Division(kInt64, clipped)), "");
}

// A division inside something: of the parameters p and q, or of a and b from outside.
std::string Branch(std::string_view dividend, std::string_view divisor) {
  Net branch;
  return branch.Node("Div", {std::string(dividend), std::string(divisor)}, {"r"})
      .Output("r", kInt64, {"n"})
      .GraphBytes();
}

TEST(HazardsTest, BranchesLoopsAndFunctionsAreLookedInto) {
  Net chosen;
  chosen.Input("c", kBool, {}).Input("a", kInt64, {"n"}).Input("b", kInt64, {"n"});
  chosen.Node(
      "If", {"c"}, {"y"},
      {GraphAttribute("then_branch", Net().Node("Identity", {"a"}, {"r"}).Output("r", kInt64, {"n"}).GraphBytes()),
       GraphAttribute("else_branch", Branch("a", "b"))});
  EXPECT_THAT(Refusal(chosen.Bytes()), HasSubstr("Div"));

  Net body;
  body.Input("i", kInt64, {}).Input("go", kBool, {}).Input("p", kInt64, {"n"}).Node("Div", {"a", "p"}, {"r"});
  body.Node("Identity", {"go"}, {"on"}).Output("on", kBool, {}).Output("r", kInt64, {"n"});
  Net loop;
  loop.Input("a", kInt64, {"n"}).Constant<int64_t>("two", kInt64, {1}, {2}).Constant<int64_t>("times", kInt64, {}, {2});
  loop.Node("Loop", {"times", "", "two"}, {"y"}, {GraphAttribute("body", body.GraphBytes())});
  EXPECT_THAT(Refusal(loop.Bytes()), HasSubstr("Div"));  // 2 at first, and then what the body made of it

  const std::string divide = Field(1, "f") + Field(4, "p") + Field(4, "q") + Field(5, "r") +
                             Field(7, Field(1, "p") + Field(1, "q") + Field(2, "r") + Field(4, "Div")) +
                             Field(10, "mine");
  Net call;
  call.AddToModel(25, divide)
      .Input("a", kInt64, {"n"})
      .Input("b", kInt64, {"n"})
      .Node("f", {"a", "b"}, {"y"}, {}, "mine");
  EXPECT_THAT(Refusal(call.Bytes()), HasSubstr("Div"));
  Net harmless;
  harmless.AddToModel(25, divide).Input("a", kInt64, {"n"}).Constant<int64_t>("b", kInt64, {1}, {2});
  EXPECT_EQ(Refusal(harmless.Node("f", {"a", "b"}, {"y"}, {}, "mine").Bytes()), "");
}

TEST(HazardsTest, AFunctionsAttributesAreThoseOfItsCall) {
  // Casts p to the type of its attribute `type`, and divides.
  const std::string cast =
      Field(1, "p") + Field(2, "w") + Field(4, "Cast") + Field(5, Field(1, "to") + Field(21, "type"));
  const std::string divide = Field(1, "f") + Field(4, "p") + Field(5, "r") + Field(7, cast) +
                             Field(7, Field(1, "w") + Field(1, "w") + Field(2, "r") + Field(4, "Div")) +
                             Field(10, "mine");
  for (const Type type : {kFloat, kInt64}) {
    Net net;
    net.AddToModel(25, divide).Input("a", kInt64, {"n"}).Node("f", {"a"}, {"y"}, {Int("type", type)}, "mine");
    EXPECT_EQ(Refusal(net.Bytes()).empty(), type == kFloat);
  }
}

TEST(HazardsTest, ADefaultThatARequestMayReplaceIsNoConstant) {
  Net net;
  net.Input("a", kInt64, {"n"})
      .Input("b", kInt64, {"1"})
      .Constant<int64_t>("b", kInt64, {1}, {2})
      .Node("Div", {"a", "b"}, {"y"});
  EXPECT_THAT(Refusal(net.Bytes()), HasSubstr("Div"));
}

TEST(HazardsTest, OtherOperatorsThatDoNotCheck) {
  const auto stft = [](bool constant) {
    Net net;
    net.Input("x", kFloat, {"1", "n", "1"}).Constant<int64_t>("step", kInt64, {}, {4});
    if (constant) net.Constant<int64_t>("length", kInt64, {}, {8});
    if (!constant) net.Input("length", kInt64, {});
    return net.Node("STFT", {"x", "step", "", "length"}, {"y"}).Bytes();
  };
  EXPECT_THAT(Refusal(stft(false)), HasSubstr("STFT"));
  EXPECT_EQ(Refusal(stft(true)), "");
  EXPECT_THAT(Refusal(Net().Input("x", kFloat, {"n", "m"}).Node("Unique", {"x"}, {"y"}, {Int("axis", 0)}).Bytes()),
              HasSubstr("Unique"));
  EXPECT_EQ(Refusal(Net().Input("x", kFloat, {"n"}).Node("Unique", {"x"}, {"y"}).Bytes()), "");
  EXPECT_THAT(
      Refusal(Net().Input("x", kFloat, {"n"}).Node("Einsum", {"x", ""}, {"y"}, {Text("equation", "i,i->i")}).Bytes()),
      HasSubstr("Einsum"));
  const auto conv = [](const Dimensions& weights) {
    Net net;
    net.Input("x", kFloat, {"n", "3", "h", "w"}).Input("w", kFloat, weights);
    return net.Node("Conv", {"x", "w"}, {"y"}).Bytes();
  };
  EXPECT_THAT(Refusal(conv({"2", "3", "k", "k"})), HasSubstr("Conv"));
  EXPECT_EQ(Refusal(conv({"2", "3", "5", "5"})), "");
  const auto with_kernel = [](std::initializer_list<int64_t> kernel) {
    Net net;
    net.Input("x", kFloat, {"n", "3", "h", "w"}).Input("w", kFloat, {"o", "3", "k", "k"});
    return net.Node("Conv", {"x", "w"}, {"y"}, {Ints("kernel_shape", kernel)}).Bytes();
  };
  EXPECT_EQ(Refusal(with_kernel({5, 5})), "");
  EXPECT_THAT(Refusal(with_kernel({5, 0})), HasSubstr("Conv"));
}

TEST(HazardsTest, TensorsWithoutElementsAreKeptFromWhereTheyWouldEndTheServer) {
  const auto transposed = [](std::initializer_list<int64_t> weights) {
    Net net;
    net.Input("x", kFloat, {"n", "c", "d", "h", "w"}).Constant<float>("w", kFloat, weights, {});
    return net.Node("ConvTranspose", {"x", "w"}, {"y"}).Bytes();
  };
  EXPECT_EQ(Refusal(transposed({4, 8, 5, 5})), "");
  EXPECT_EQ(Refusal(transposed({4, 8, 5, 5, 1})), "guarded: ConvTranspose");
  for (const std::string op : {"LSTM", "GRU"}) {
    EXPECT_EQ(Refusal(Net().Input("x", kFloat, {"t", "b", "2"}).Node(op, {"x", "w", "r"}, {"y"}).Bytes()),
              "guarded: " + op);
  }
  EXPECT_EQ(Refusal(Net().Input("x", kFloat, {"n"}).Node("Rare", {"x", "", "x"}, {"y"}, {}, "com.microsoft").Bytes()),
            "guarded: Rare, Rare");
  EXPECT_THAT(Refusal(Net(8).Input("x", kFloat, {"t", "b", "2"}).Node("LSTM", {"x"}, {"y"}).Bytes()),
              HasSubstr("opset 9"));
  EXPECT_EQ(Refusal(Net(0).Input("x", kFloat, {"n"}).Node("Rare", {"x"}, {"y"}, {}, "ai.onnx.ml").Bytes()),
            "guarded: Rare");
}

TEST(HazardsTest, TensorsOfWhichOneMayHaveNoElementsAreJoinedWithAGuard) {
  const auto joined = [](const std::vector<std::string>& inputs, const std::function<void(Net&)>& between) {
    Net net;
    net.Input("x", kFloat, {"n", "3", "h", "w"}).Input("z", kFloat, {"n", "3", "h", "w"});
    between(net);
    return Refusal(net.Node("Concat", inputs, {"y"}, {Int("axis", 1)}).Bytes());
  };
  const auto branches = [](Net& net) {
    net.Node("Relu", {"x"}, {"a"}).Node("MaxPool", {"x"}, {"b"}, {Ints("kernel_shape", {1, 1})});
  };
  EXPECT_EQ(joined({"a", "b"}, branches), "") << "they have elements together";
  EXPECT_EQ(joined({"a", "z"}, branches), "guarded: Concat");
  const auto sizes = [](Net& net) {
    net.Node("Shape", {"x"}, {"s"}).Constant<int64_t>("i", kInt64, {1}, {0}).Node("Gather", {"s", "i"}, {"a"});
  };
  EXPECT_EQ(joined({"a", "i"}, sizes), "");
  const auto part = [](Net& net) { net.Node("Slice", {"x", "z", "z"}, {"a"}); };
  EXPECT_EQ(joined({"x", "a"}, part), "guarded: Concat");
}

TEST(HazardsTest, WhereNoGuardCanBeAJoinOfWhichOnePartMayBeEmptyIsRefused) {
  const auto old = [](const char* second) {
    Net net(8);
    net.Input("x", kFloat, {"n", "3"}).Input("z", kFloat, {"n", "3"}).Node("Relu", {"x"}, {"a"});
    return Refusal(net.Node("Concat", {"x", second}, {"y"}, {Int("axis", 1)}).Bytes());
  };
  EXPECT_EQ(old("a"), "");
  EXPECT_EQ(old("z"),
            "node 'y' (Concat) would be answered with what was in memory for some values; with opset 9 or later it "
            "could be guarded");
}

TEST(HazardsTest, NumbersThatWouldBeCutTo32BitsAreGuarded) {
  const auto top = [](bool constant) {
    Net net;
    net.Input("x", kFloat, {"n"});
    if (constant) net.Constant<int64_t>("k", kInt64, {1}, {5});
    if (!constant) net.Input("k", kInt64, {"1"});
    return net.Node("TopK", {"x", "k"}, {"v", "i"}).Bytes();
  };
  EXPECT_EQ(Refusal(top(true)), "");
  EXPECT_EQ(Refusal(top(false)), "guarded: TopK");
}

TEST(HazardsTest, RegionsOfARequestAreNotSampledWithoutABound) {
  const auto align = [](const std::vector<std::string>& attributes, bool computed) {
    Net net;
    net.Input("x", kFloat, {"n", "c", "h", "w"}).Input("r", kFloat, {"k", "4"}).Input("b", kInt64, {"k"});
    net.Node(computed ? "Clip" : "Identity", {"r"}, {"rois"});
    return net.Node("RoiAlign", {"x", "rois", "b"}, {"y"}, attributes).Bytes();
  };
  EXPECT_THAT(Refusal(align({}, false)), HasSubstr("RoiAlign"));
  EXPECT_EQ(Refusal(align({Int("sampling_ratio", 2)}, false)), "");
  EXPECT_EQ(Refusal(align({}, true)), "");
}

TEST(HazardsTest, WhatExpandsOrNestsWithoutEndIsRefusedSoon) {
  // f0 calls f1 twice, f1 calls f2 twice …
  Net many;
  for (int i = 0; i < 30; ++i) {
    const std::string call = Field(1, "p") + Field(2, "r") + Field(4, "f" + std::to_string(i + 1)) + Field(7, "mine");
    many.AddToModel(25, Field(1, "f" + std::to_string(i)) + Field(4, "p") + Field(5, "r") + Field(7, call) +
                            Field(7, call) + Field(10, "mine"));
  }
  many.AddToModel(25, Field(1, "f30") + Field(4, "p") + Field(5, "p") + Field(10, "mine"));
  EXPECT_THAT(Refusal(many.Node("f0", {"a"}, {"y"}, {}, "mine").Bytes()), HasSubstr("expand"));
  // One that calls itself.
  Net self;
  self.AddToModel(25, Field(1, "f") + Field(7, Field(4, "f") + Field(7, "mine")) + Field(10, "mine"));
  EXPECT_THAT(Refusal(self.Node("f", {}, {}, {}, "mine").Bytes()), HasSubstr("deeply"));
  std::string nested = Net().GraphBytes();
  for (int i = 0; i < 200; ++i) nested = Field(1, Field(4, "If") + Field(5, GraphAttribute("then_branch", nested)));
  EXPECT_THAT(Refusal(Field(7, nested)), HasSubstr("deeply"));
}

TEST(HazardsTest, DamageIsRefused) {
  EXPECT_FALSE(FindHazards("this is no model").ok());
  const std::string whole = Division(kFloat, [](Net& net) { net.Node("Identity", {"b"}, {"d"}); });
  for (size_t size = 0; size < whole.size(); ++size) (void)FindHazards(whole.substr(0, size));
  // A graph said twice is one to protobuf; which of them would a reader look at?
  Net two;
  two.Node("If", {"c"}, {"y"}, {Field(1, "then_branch") + Field(6, Branch("a", "b")) + Field(6, std::string())});
  EXPECT_FALSE(FindHazards(two.Bytes()).ok());
}

}  // namespace
}  // namespace sluice::onnx
