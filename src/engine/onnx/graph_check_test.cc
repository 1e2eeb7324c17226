#include "engine/onnx/graph_check.h"

#include "engine/onnx/testing/net.h"
#include "gtest/gtest.h"

namespace sluice::onnx {
namespace {

using namespace testing;  // NOLINT: engine/onnx/testing, a small language of its own

Net XtoY() {
  Net net;
  net.Input("x", kFloat, {"2"}).Output("y", kFloat, {"2"});
  return net;
}

std::string Refusal(const Net& net) { return std::string(CheckGraph(net.Bytes()).message()); }

// The branches of an If, which returns `name`.
std::string Branch(Net net, std::string_view name) { return net.Output(name, kFloat, {"2"}).GraphBytes(); }
Net& If(Net& net, const std::string& then_branch) {
  return net.Input("c", kBool, {})
      .Node("If", {"c"}, {"y"},
            {GraphAttribute("then_branch", then_branch),
             GraphAttribute("else_branch", Branch(Net().Node("Abs", {"x"}, {"e"}), "e"))});
}

TEST(GraphCheckTest, ANameIsDefinedOnce) {
  EXPECT_EQ(Refusal(XtoY().Node("Relu", {"x"}, {"a"}).Node("Neg", {"x"}, {"a"}).Node("Relu", {"a"}, {"y"})),
            "node 'a' (Neg) defines 'a', which is defined already");
  EXPECT_EQ(Refusal(XtoY().Node("Split", {"x"}, {"y", "y"})), "node 'y' (Split) defines 'y', which is defined already");
  EXPECT_EQ(Refusal(XtoY().Node("Relu", {"x"}, {"x"}).Node("Neg", {"x"}, {"y"})),
            "node 'x' (Relu) defines 'x', which is defined already");
  EXPECT_EQ(Refusal(XtoY().Constant<float>("w", kFloat, {1}, {1}).Node("Relu", {"x"}, {"w"}).Node("Neg", {"w"}, {"y"})),
            "node 'w' (Relu) defines 'w', which is defined already");
}

TEST(GraphCheckTest, ANameIsDefinedOnceInBranchesToo) {
  Net twice = XtoY();
  If(twice, Branch(Net().Node("Relu", {"x"}, {"r"}).Node("Neg", {"x"}, {"r"}), "r"));
  EXPECT_EQ(Refusal(twice), "node 'r' (Neg) defines 'r', which is defined already");
  Net shadow = XtoY();
  If(shadow.Node("Abs", {"x"}, {"a"}), Branch(Net().Node("Relu", {"x"}, {"a"}), "a"));
  EXPECT_EQ(Refusal(shadow), "node 'a' (Relu) defines 'a', which is defined already");
  Net other_branch = XtoY();
  If(other_branch, Branch(Net().Node("Relu", {"x"}, {"e"}), "e"));
  EXPECT_EQ(Refusal(other_branch), "") << "what the other branch defines is another";
}

TEST(GraphCheckTest, CyclesAreRefused) {
  EXPECT_EQ(Refusal(XtoY().Node("Add", {"x", "b"}, {"a"}).Node("Relu", {"a"}, {"b"}).Node("Relu", {"b"}, {"y"})),
            "node 'a' (Add) waits for itself: the graph has a cycle");
  EXPECT_EQ(Refusal(XtoY().Node("Add", {"x", "y"}, {"y"})), "node 'y' (Add) waits for itself: the graph has a cycle");
  Net through_a_branch = XtoY();
  If(through_a_branch, Branch(Net().Node("Add", {"x", "late"}, {"r"}), "r")).Node("Relu", {"y"}, {"late"});
  EXPECT_EQ(Refusal(through_a_branch), "node 'y' (If) waits for itself: the graph has a cycle");
}

TEST(GraphCheckTest, OthersPass) {
  EXPECT_EQ(Refusal(XtoY().Node("Relu", {"a"}, {"y"}).Node("Neg", {"x"}, {"a"})), "") << "in any order";
  EXPECT_EQ(Refusal(XtoY().Node("Dropout", {"x", "", ""}, {"a", ""}).Node("Dropout", {"a"}, {"y", ""})), "");
  EXPECT_EQ(
      Refusal(XtoY().Input("w", kFloat, {"1"}).Constant<float>("w", kFloat, {1}, {1}).Node("Mul", {"x", "w"}, {"y"})),
      "")
      << "an input with a default";
}

}  // namespace
}  // namespace sluice::onnx
