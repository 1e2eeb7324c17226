#include "engine/onnxruntime/onnxruntime_engine.h"

#include <cstring>

#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/testing/sanitized.h"
#include "base/thread.h"
#include "engine/bytes.h"
#include "engine/onnxruntime/testing/runs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace onnx;           // NOLINT: the types' names
using namespace onnx::testing;  // NOLINT: a small language of its own
using ort::testing::Runs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Net Relu() {
  Net net;
  net.Input("x", kFloat, {"n", "3"}).Node("Relu", {"x"}, {"y"}).Output("y", kFloat, {"n", "3"});
  return net;
}

TEST(OnnxRuntimeTest, SignatureHasNamesTypesAndOpenDimensions) {
  Runs runs(Relu());
  const ModelSignature& signature = runs.model().signature();
  ASSERT_EQ(signature.inputs.size(), 1u);
  EXPECT_EQ(signature.inputs[0].name, "x");
  EXPECT_EQ(signature.inputs[0].dtype, DType::kFp32);
  EXPECT_EQ(signature.inputs[0].shape, Shape({-1, 3}));
  EXPECT_THAT(signature.inputs[0].symbols, ElementsAre("n", ""));
  EXPECT_EQ(signature.outputs[0].name, "y");
}

TEST(OnnxRuntimeTest, ComputesFromItsOwnBufferAndFromTheCallers) {
  Runs runs(Relu());
  Session& session = runs.session();
  for (int rows = 1; rows <= 3; ++rows) {
    const auto buffer = session.InputBuffer(0, {rows, 3});
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    for (int i = 0; i < rows * 3; ++i) static_cast<float*>(*buffer)[i] = static_cast<float>(i - 1);
    ASSERT_TRUE(session.Run().ok());
    EXPECT_EQ(session.Output(0)->shape, Shape({rows, 3}));
    EXPECT_EQ(runs.Output<float>().back(), static_cast<float>(rows * 3 - 2));
  }
  const float mine[] = {-10, 20, 30};
  ASSERT_TRUE(session.SetInput(0, {"x", DType::kFp32, {1, 3}, mine, sizeof mine}).ok());
  ASSERT_TRUE(session.Run().ok());
  EXPECT_THAT(runs.Output<float>(), ElementsAre(0, 20, 30));
  EXPECT_EQ(session.Run().message(), "input 'x' is missing");  // the caller's memory was good for one run
  EXPECT_FALSE(session.Output(0).ok());
  EXPECT_EQ(*session.InputBuffer(0, {1, 3}), *session.InputBuffer(0, {1, 3}));
  ASSERT_TRUE(session.Run().ok());
  session.ForgetOutputs();
  EXPECT_FALSE(session.Output(0).ok());
}

TEST(OnnxRuntimeTest, WrongTypesShapesAndBoolsAreRefused) {
  Runs runs(Relu());
  EXPECT_EQ(ReasonOf(runs.Set<double>(0, DType::kFp64, {1, 3}, {1, 2, 3})), Reason::INVALID_REQUEST);
  EXPECT_EQ(ReasonOf(runs.Set<float>(0, DType::kFp32, {1, 4}, {1, 2, 3, 4})), Reason::INVALID_REQUEST);
  EXPECT_EQ(ReasonOf(runs.session().Run()), Reason::INVALID_REQUEST);
  Runs flags(Net().Input("b", kBool, {"n"}).Node("Not", {"b"}, {"y"}).Output("y", kBool, {"n"}));
  EXPECT_EQ(ReasonOf(flags.Set<uint8_t>(0, DType::kBool, {2}, {1, 2})), Reason::INVALID_REQUEST);
  EXPECT_TRUE(flags.Set<uint8_t>(0, DType::kBool, {2}, {1, 0}).ok());
}

TEST(OnnxRuntimeTest, OneSymbolHasOneSize) {
  Net net;
  net.Input("a", kFloat, {"n"}).Input("b", kFloat, {"n"}).Node("Add", {"a", "b"}, {"y"}).Output("y", kFloat, {"n"});
  Runs runs(net);
  ASSERT_TRUE(runs.Set<float>(0, DType::kFp32, {3}, {1, 2, 3}).ok());
  ASSERT_TRUE(runs.Set<float>(1, DType::kFp32, {1}, {1}).ok());  // would be repeated
  const absl::Status status = runs.session().Run();
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
  EXPECT_THAT(std::string(status.message()), HasSubstr("one size for both ('n')"));
}

TEST(OnnxRuntimeTest, AnInputWithADefaultMayBeLeftOut) {
  Net net;
  net.Input("x", kFloat, {"2"}).Input("factor", kFloat, {"1"}).Constant<float>("factor", kFloat, {1}, {3});
  Runs runs(net.Node("Mul", {"x", "factor"}, {"y"}).Output("y", kFloat, {"2"}));
  EXPECT_TRUE(runs.model().signature().inputs[1].optional);
  for (const bool given : {false, true, false}) {
    ASSERT_TRUE(runs.Set<float>(0, DType::kFp32, {2}, {1, 2}).ok());
    if (given) {
      ASSERT_TRUE(runs.Set<float>(1, DType::kFp32, {1}, {5}).ok());
    }
    ASSERT_TRUE(runs.session().Run().ok());
    EXPECT_EQ(runs.Output<float>()[1], given ? 10 : 6);
  }
}

TEST(OnnxRuntimeTest, SixtyFourBitsAreExact) {
  const auto sum = [](Type type) {
    Net net;
    return net.Input("a", type, {"n"}).Input("b", type, {"n"}).Node("Add", {"a", "b"}, {"y"}).Output("y", type, {"n"});
  };
  Runs longs(sum(kInt64)), unsigned_longs(sum(kUint64)), doubles(sum(kDouble));
  ASSERT_TRUE(longs.Set<int64_t>(0, DType::kInt64, {2}, {int64_t{1} << 40, -(int64_t{1} << 62)}).ok());
  ASSERT_TRUE(longs.Set<int64_t>(1, DType::kInt64, {2}, {1, 1}).ok());
  ASSERT_TRUE(longs.session().Run().ok());
  EXPECT_THAT(longs.Output<int64_t>(), ElementsAre((int64_t{1} << 40) + 1, -(int64_t{1} << 62) + 1));
  ASSERT_TRUE(unsigned_longs.Set<uint64_t>(0, DType::kUint64, {1}, {uint64_t{1} << 63}).ok());
  ASSERT_TRUE(unsigned_longs.Set<uint64_t>(1, DType::kUint64, {1}, {5}).ok());
  ASSERT_TRUE(unsigned_longs.session().Run().ok());
  EXPECT_THAT(unsigned_longs.Output<uint64_t>(), ElementsAre((uint64_t{1} << 63) + 5));
  ASSERT_TRUE(doubles.Set<double>(0, DType::kFp64, {2}, {1, 1e300}).ok());
  ASSERT_TRUE(doubles.Set<double>(1, DType::kFp64, {2}, {1e-12, 1e300}).ok());
  ASSERT_TRUE(doubles.session().Run().ok());
  EXPECT_THAT(doubles.Output<double>(), ElementsAre(1 + 1e-12, 2e300));
}

TEST(OnnxRuntimeTest, AnyNumberOfDimensionsScalarsAndNothing) {
  Net net;
  net.InputOfAnyShape("x", kFloat).Node("Relu", {"x"}, {"y"}).OutputOfAnyShape("y", kFloat);
  Runs runs(net);
  EXPECT_TRUE(runs.model().signature().inputs[0].any_shape);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1, 1}, Shape{0}, Shape{2, 0, 3}}) {
    const std::vector<float> values(static_cast<size_t>(*ElementsOf(shape)), 7);
    ASSERT_TRUE(runs.Set<float>(0, DType::kFp32, shape, values).ok());
    ASSERT_TRUE(runs.session().Run().ok()) << ToString(shape);
    EXPECT_EQ(runs.session().Output(0)->shape, shape);
    EXPECT_EQ(runs.Output<float>(), values);
  }
}

TEST(OnnxRuntimeTest, TwoNamesOfOneTensorAndAnInputThatIsAnOutput) {
  Net net;
  net.Input("x", kFloat, {"n"}).Node("Identity", {"x"}, {"a"}).Node("Identity", {"a"}, {"b"});
  Runs runs(net.Output("a", kFloat, {"n"}).Output("b", kFloat, {"n"}).Output("x", kFloat, {"n"}));
  ASSERT_TRUE(runs.Set<float>(0, DType::kFp32, {2}, {1, -2}).ok());
  ASSERT_TRUE(runs.session().Run().ok());
  for (const size_t output : {0, 1, 2}) EXPECT_THAT(runs.Output<float>(output), ElementsAre(1, -2)) << output;
}

TEST(OnnxRuntimeTest, StringsOfEveryByteComeBack) {
  Net net;
  net.Input("s", kString, {"n"}).Node("Identity", {"s"}, {"y"}).Output("y", kString, {"n"});
  Runs runs(net);
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{"", std::string("a\0b", 3), "\xff\xfe", std::string(5000, 'x')}, {}, {"one"}}) {
    std::string bytes;
    for (const std::string& text : texts) AppendBytes(text, bytes);
    const Shape shape = {static_cast<int64_t>(texts.size())};
    ASSERT_TRUE(runs.session().SetInput(0, {"s", DType::kBytes, shape, bytes.data(), bytes.size()}).ok());
    ASSERT_TRUE(runs.session().Run().ok());
    const auto output = *runs.session().Output(0);
    EXPECT_EQ(output.shape, shape);
    EXPECT_EQ(std::string(static_cast<const char*>(output.data), output.bytes), bytes);
  }
}

// 64 MB of objects for 4 MB of input, twice: nothing of it is kept for the next run.
TEST(OnnxRuntimeTest, MillionsOfStringsLeaveNothingBehind) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps what is freed";
  Net net;
  net.Input("s", kString, {"n"}).Node("Identity", {"s"}, {"y"}).Output("y", kString, {"n"});
  Runs runs(net);
  constexpr int64_t kElements = 2'000'000;
  const std::string bytes(4 * kElements, '\0');
  ReturnFreedMemory();
  const int64_t before = ResidentBytes();
  ASSERT_TRUE(runs.session().SetInput(0, {"s", DType::kBytes, {kElements}, bytes.data(), bytes.size()}).ok());
  ASSERT_TRUE(runs.session().Run().ok());
  EXPECT_EQ(runs.session().Output(0)->bytes, bytes.size());
  EXPECT_GT(ResidentBytes(), before + (60 << 20));
  runs.session().ForgetOutputs();
  ReturnFreedMemory();
  EXPECT_LT(ResidentBytes(), before + (20 << 20));
}

TEST(OnnxRuntimeTest, WeightsBesideTheModelsFile) {
  const std::vector<float> weights = {2, 3};
  Net net;
  net.Input("x", kFloat, {"2"}).Node("Mul", {"x", "w"}, {"y"}).Output("y", kFloat, {"2"});
  const std::string where = Field(1, "location") + Field(2, "weights/w.bin");
  net.Add(5,
          Field(1, int64_t{2}) + Field(2, int64_t{kFloat}) + Field(8, "w") + Field(13, where) + Field(14, int64_t{1}));
  auto files = FilesOf(net.Bytes(), {{"weights/w.bin", {reinterpret_cast<const char*>(weights.data()), 8}}});
  Runs runs(std::move(files), {});
  ASSERT_TRUE(runs.Set<float>(0, DType::kFp32, {2}, {10, 10}).ok());
  ASSERT_TRUE(runs.session().Run().ok());
  EXPECT_THAT(runs.Output<float>(), ElementsAre(20, 30));
}

TEST(OnnxRuntimeTest, TheAskedShapeFixesWhatIsOpenAndNothingElse) {
  Net net;
  net.Input("x", kFloat, {"n", "", "4"}).Node("Relu", {"x"}, {"y"}).Output("y", kFloat, {"n", "m", "4"});
  Runs runs(FilesOf(net.Bytes()), {.reshape = {{"", {1, 2, 4}}}});
  EXPECT_EQ(runs.model().signature().inputs[0].shape, Shape({1, 2, 4}));
  EXPECT_EQ(runs.model().signature().outputs[0].shape[0], 1);
  EXPECT_FALSE(runs.Set<float>(0, DType::kFp32, {1, 3, 4}, std::vector<float>(12)).ok());
  const auto other = runs.model().Reshaped({3, 2, 4});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->signature().inputs[0].shape, Shape({3, 2, 4}));
  const auto fixed = MakeOnnxRuntimeEngine()->Load(FilesOf(net.Bytes()), {.reshape = {{"x", {1, 2, 8}}}});
  EXPECT_THAT(std::string(fixed.status().message()), HasSubstr("dimension 2 is fixed at 4; \"engine: openvino\""));
}

TEST(OnnxRuntimeTest, WhatCannotBeServedIsNamedAtLoad) {
  const auto engine = MakeOnnxRuntimeEngine();
  const auto failure = [&engine](const Net& net) {
    return std::string(engine->Load(FilesOf(net.Bytes()), {}).status().message());
  };
  Net sequence;
  sequence.Input("x", kFloat, {"n"}).Node("SequenceConstruct", {"x"}, {"s"});
  sequence.Add(12, Field(1, "s") + Field(2, Field(4, Field(1, Field(1, Field(1, int64_t{kFloat}))))));
  EXPECT_EQ(failure(sequence), "tensor 's' is a sequence, which is not supported");
  Net brain;
  brain.Input("x", kBfloat16, {"n"}).Node("Relu", {"x"}, {"y"}).Output("y", kBfloat16, {"n"});
  EXPECT_THAT(failure(brain), HasSubstr("\"engine: openvino\""));
  EXPECT_FALSE(engine->Load(FilesOf("no model at all"), {}).ok());
  EXPECT_FALSE(engine->Load(FilesOf(""), {}).ok());
}

TEST(OnnxRuntimeTest, AStoppedRunEndsAndTheNextOneIsRight) {
  // Counts to what it is told.
  Net body, net;
  body.Input("i", kInt64, {}).Input("go", kBool, {}).Input("sum", kInt64, {}).Node("Identity", {"go"}, {"on"});
  body.Node("Add", {"sum", "i"}, {"next"}).Output("on", kBool, {}).Output("next", kInt64, {});
  net.Input("times", kInt64, {}).Constant<int64_t>("zero", kInt64, {}, {0});
  net.Node("Loop", {"times", "", "zero"}, {"y"}, {GraphAttribute("body", body.GraphBytes())}).Output("y", kInt64, {});
  Runs runs(net);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(runs.Set<int64_t>(0, DType::kInt64, {}, {int64_t{1} << 62}).ok());
    std::stop_source stop;
    Thread stopper("stopper", 0, [&stop] { stop.request_stop(); });
    EXPECT_EQ(ReasonOf(runs.session().Run(stop.get_token())), Reason::CANCELLED);
    stopper.Join();
    ASSERT_TRUE(runs.Set<int64_t>(0, DType::kInt64, {}, {4}).ok());
    ASSERT_TRUE(runs.session().Run().ok());
    EXPECT_THAT(runs.Output<int64_t>(), ElementsAre(6));
    ASSERT_TRUE(runs.Set<int64_t>(0, DType::kInt64, {}, {4}).ok());
    EXPECT_EQ(ReasonOf(runs.session().Run(stop.get_token())), Reason::CANCELLED);
  }
}

}  // namespace
}  // namespace sluice
