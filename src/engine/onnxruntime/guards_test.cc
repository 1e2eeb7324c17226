// Nets that would end the process, guarded: they run here.
#include <list>
#include <tuple>

#include "base/error.h"
#include "engine/onnx/testing/net.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/shape.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace onnx;           // NOLINT: the types' names
using namespace onnx::testing;  // NOLINT: a small language of its own
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GuardsTest : public ::testing::Test {
 protected:
  void Load(const std::string& net) {
    const auto model = engine_->Load(FilesOf(net), {});
    ASSERT_TRUE(model.ok()) << model.status();
    session_ = *(*model)->NewSession();
  }
  template <typename T>
  absl::Status Set(size_t index, DType type, const Shape& shape, const std::vector<T>& values) {
    kept_.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return session_->SetInput(index, {"", type, shape, kept_.back().data(), kept_.back().size()});
  }
  template <typename T>
  std::vector<T> Output() {
    const auto output = session_->Output(0);
    if (!output.ok()) return {};
    const auto values = output->As<T>();
    return {values.begin(), values.end()};
  }
  template <typename T>
  std::vector<T> Divide(DType type, const std::vector<T>& a, const std::vector<T>& b) {
    EXPECT_TRUE(Set(0, type, {static_cast<int64_t>(a.size())}, a).ok());
    EXPECT_TRUE(Set(1, type, {static_cast<int64_t>(b.size())}, b).ok());
    status_ = session_->Run();
    return Output<T>();
  }

  const std::unique_ptr<Engine> engine_ = MakeOnnxRuntimeEngine();
  std::unique_ptr<Session> session_;
  std::list<std::string> kept_;
  absl::Status status_;
};

std::string Division(Type type) {
  Net net;
  net.Input("a", type, {"n"}).Input("b", type, {"m"}).Node("Div", {"a", "b"}, {"y"}).Output("y", type, {"k"});
  return net.Bytes();
}

TEST_F(GuardsTest, WholeNumbersAreDividedByMinusOneToTheBit) {
  Load(Division(kInt64));
  EXPECT_THAT(Divide<int64_t>(DType::kInt64, {INT64_MIN, 7, -7, 7, -7, INT64_MIN}, {-1, -1, -1, 2, -2, 1}),
              ElementsAre(INT64_MIN, -7, 7, 3, 3, INT64_MIN));
  EXPECT_THAT(Divide<int64_t>(DType::kInt64, {INT64_MIN, 8}, {-1}), ElementsAre(INT64_MIN, -8));
  EXPECT_THAT(Divide<int64_t>(DType::kInt64, {INT64_MIN}, {-1, 3}), ElementsAre(INT64_MIN, INT64_MIN / 3));
  Divide<int64_t>(DType::kInt64, {7, 8}, {0, 1});
  EXPECT_EQ(ReasonOf(status_), Reason::INVALID_REQUEST);
  EXPECT_THAT(std::string(status_.message()), HasSubstr("Div"));
  Load(Division(kInt32));
  EXPECT_THAT(Divide<int32_t>(DType::kInt32, {INT32_MIN, 7}, {-1, -1}), ElementsAre(INT32_MIN, -7));
}

TEST_F(GuardsTest, ADivisionInABranchToo) {
  Net then, otherwise, net;
  then.Node("Div", {"a", "b"}, {"r"}).Output("r", kInt64, {"n"});
  otherwise.Node("Identity", {"a"}, {"q"}).Output("q", kInt64, {"n"});
  net.Input("a", kInt64, {"n"}).Input("b", kInt64, {"m"}).Input("c", kBool, {});
  net.Node("If", {"c"}, {"y"},
           {GraphAttribute("then_branch", then.GraphBytes()), GraphAttribute("else_branch", otherwise.GraphBytes())});
  Load(net.Output("y", kInt64, {"k"}).Bytes());
  for (const uint8_t branch : {1, 0}) {
    ASSERT_TRUE(Set<uint8_t>(2, DType::kBool, {}, {branch}).ok());
    EXPECT_THAT(Divide<int64_t>(DType::kInt64, {INT64_MIN, 5}, {-1, -1}), ElementsAre(INT64_MIN, branch != 0 ? -5 : 5));
  }
}

// y and its shape from one recurrent layer over x [time, batch, 2].
std::string Recurrent(const std::string& op, int gates) {
  Net net;
  net.Input("x", kFloat, {"t", "b", "2"});
  net.Constant<float>("w", kFloat, {1, gates, 2}, std::vector<float>(gates * 2, 1));
  net.Constant<float>("r", kFloat, {1, gates, 1}, std::vector<float>(gates, 1));
  net.Node(op, {"x", "w", "r"}, {"y", "h"}, {Int("hidden_size", 1)}).Output("y", kFloat, {"t", "1", "b", "1"});
  return net.Output("h", kFloat, {"1", "b", "1"}).Bytes();
}

TEST_F(GuardsTest, RecurrentLayersTakeNoEmptyBatch) {
  for (const auto& [op, gates] : {std::pair{"LSTM", 4}, std::pair{"GRU", 3}}) {
    Load(Recurrent(op, gates));
    for (const Shape& shape : {Shape{3, 0, 2}, Shape{0, 1, 2}, Shape{0, 0, 2}}) {
      ASSERT_TRUE(Set<float>(0, DType::kFp32, shape, {}).ok());
      const absl::Status status = session_->Run();
      EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(std::string(op) + " 'y': does not support tensors without elements"));
    }
    ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 2, 2}, {0, 0, 1, 1}).ok());
    ASSERT_TRUE(session_->Run().ok());
    EXPECT_EQ(session_->Output(0)->shape, Shape({1, 1, 2, 1}));
    EXPECT_EQ(Output<float>()[0], 0);
  }
}

TEST_F(GuardsTest, ATransposedConvolutionInThreeDimensions) {
  Net net;
  net.Input("x", kFloat, {"n", "1", "d", "h", "w"})
      .Constant<float>("w", kFloat, {1, 1, 3, 3, 3}, std::vector<float>(27, 1));
  Load(net.Node("ConvTranspose", {"x", "w"}, {"y"}).Output("y", kFloat, {"n", "c", "d2", "h2", "w2"}).Bytes());
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 1, 0, 4, 4}, {}).ok());
  EXPECT_EQ(ReasonOf(session_->Run()), Reason::INVALID_REQUEST);
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 1, 1, 1, 1}, {2}).ok());
  ASSERT_TRUE(session_->Run().ok());
  EXPECT_EQ(Output<float>(), std::vector<float>(27, 2));
}

// Two inputs of one node, and nodes whose names begin alike: each guard is a node with a name of its own.
TEST_F(GuardsTest, AnyNumberOfInputsWithNamesThatAreCut) {
  const std::string name(80, 'n'), microsoft = "com.microsoft";
  Net net;
  net.Input("a", kFloat, {"n", "m"}).Input("b", kFloat, {"m", "k"});
  net.AddToModel(8, Field(1, microsoft) + Field(2, int64_t{1}));
  net.Node("FusedMatMul", {"a", "b"}, {"c"}, {}, microsoft, name + "1");
  net.Node("FusedMatMul", {"c", "b"}, {"y"}, {}, microsoft, name + "2");
  Load(net.Output("y", kFloat, {"n", "k"}).Bytes());
  ASSERT_NE(session_, nullptr);
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 2}, {1, 2}).ok());
  ASSERT_TRUE(Set<float>(1, DType::kFp32, {2, 2}, {1, 2, 3, 4}).ok());
  ASSERT_TRUE(session_->Run().ok());
  EXPECT_THAT(Output<float>(), ElementsAre(37, 54));
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {0, 2}, {}).ok());
  ASSERT_TRUE(Set<float>(1, DType::kFp32, {2, 2}, {1, 2, 3, 4}).ok());
  const absl::Status status = session_->Run();
  EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
  EXPECT_THAT(std::string(status.message()), HasSubstr("FusedMatMul 'nnn"));
}

// Where one has no elements, the library does not look at its other sizes.
TEST_F(GuardsTest, TensorsThatDoNotFitToOneWithoutElements) {
  Net net;
  net.Input("a", kFloat, {"n", "m"}).Input("b", kFloat, {"k", "l"});
  Load(net.Node("Concat", {"a", "b"}, {"y"}, {Int("axis", 1)}).Output("y", kFloat, {"n", "p"}).Bytes());
  const auto join = [&](const Shape& a, const Shape& b) {
    EXPECT_TRUE(Set<float>(0, DType::kFp32, a, std::vector<float>(*ElementsOf(a), 1)).ok());
    EXPECT_TRUE(Set<float>(1, DType::kFp32, b, std::vector<float>(*ElementsOf(b), 2)).ok());
    status_ = session_->Run();
    return status_.ok() ? session_->Output(0)->shape : Shape{-1};
  };
  EXPECT_EQ(join({2, 1}, {2, 2}), (Shape{2, 3}));
  EXPECT_THAT(Output<float>(), ElementsAre(1, 2, 2, 1, 2, 2));
  EXPECT_EQ(join({2, 0}, {2, 2}), (Shape{2, 2})) << "nothing to add";
  EXPECT_EQ(join({0, 1}, {0, 2}), (Shape{0, 3})) << "a batch of none";
  EXPECT_EQ(join({0, 2}, {2, 2}), (Shape{-1}));
  EXPECT_EQ(ReasonOf(status_), Reason::INVALID_REQUEST);
  EXPECT_THAT(std::string(status_.message()), HasSubstr("Concat 'y': the inputs do not fit together"));
  EXPECT_EQ(join({2, 2}, {0, 2}), (Shape{-1}));
}

TEST_F(GuardsTest, NumbersThatAreNotThere) {
  Net net;
  net.Input("b", kFloat, {"1", "2", "4"}).Input("s", kFloat, {"1", "1", "2"}).InputOfAnyShape("k", kInt64);
  Load(net.Node("NonMaxSuppression", {"b", "s", "k"}, {"y"}).Output("y", kInt64, {"n", "3"}).Bytes());
  const auto select = [&](const Shape& shape) {
    EXPECT_TRUE(Set<float>(0, DType::kFp32, {1, 2, 4}, {0, 0, 1, 1, 5, 5, 6, 6}).ok());
    EXPECT_TRUE(Set<float>(1, DType::kFp32, {1, 1, 2}, {0.5, 0.9}).ok());
    EXPECT_TRUE(Set<int64_t>(2, DType::kInt64, shape, std::vector<int64_t>(*ElementsOf(shape), 1)).ok());
    return session_->Run();
  };
  ASSERT_TRUE(select({1}).ok());
  EXPECT_THAT(Output<int64_t>(), ElementsAre(0, 0, 1));
  ASSERT_TRUE(select({}).ok());
  EXPECT_THAT(Output<int64_t>(), ElementsAre(0, 0, 1));
  EXPECT_EQ(ReasonOf(select({0})), Reason::INVALID_REQUEST);
}

TEST_F(GuardsTest, SumsOfNothing) {
  Net net;
  net.Input("a", kUint8, {"n", "k"}).Input("b", kUint8, {"k", "m"});
  Load(net.Node("MatMulInteger", {"a", "b"}, {"y"}).Output("y", kInt32, {"n", "m"}).Bytes());
  ASSERT_TRUE(Set<uint8_t>(0, DType::kUint8, {2, 0}, {}).ok());
  ASSERT_TRUE(Set<uint8_t>(1, DType::kUint8, {0, 2}, {}).ok());
  EXPECT_EQ(ReasonOf(session_->Run()), Reason::INVALID_REQUEST);
}

TEST_F(GuardsTest, AFileThatImportsOnlyAnotherDomain) {
  Net net(0);
  net.Input("x", kFloat, {"n"}).AddToModel(8, Field(1, "ai.onnx.ml") + Field(2, int64_t{1}));
  Load(net.Node("Binarizer", {"x"}, {"y"}, {}, "ai.onnx.ml").Output("y", kFloat, {"n"}).Bytes());
  ASSERT_NE(session_, nullptr);
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {2}, {-1, 1}).ok());
  ASSERT_TRUE(session_->Run().ok());
  EXPECT_THAT(Output<float>(), ElementsAre(0, 1));
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {0}, {}).ok());
  EXPECT_EQ(ReasonOf(session_->Run()), Reason::INVALID_REQUEST);
}

TEST_F(GuardsTest, AConvolutionsWeightsFromARequest) {
  Net net;
  net.Input("x", kFloat, {"n", "c", "h", "w"}).Input("k", kFloat, {"o", "i", "kh", "kw"});
  Load(net.Node("Conv", {"x", "k"}, {"y"}).Output("y", kFloat, {"n", "o", "h2", "w2"}).Bytes());
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 1, 1, 2}, {2, 3}).ok());
  ASSERT_TRUE(Set<float>(1, DType::kFp32, {1, 1, 1, 0}, {}).ok());
  EXPECT_EQ(ReasonOf(session_->Run()), Reason::INVALID_REQUEST);
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 1, 1, 2}, {2, 3}).ok());
  ASSERT_TRUE(Set<float>(1, DType::kFp32, {1, 1, 1, 1}, {10}).ok());
  ASSERT_TRUE(session_->Run().ok());
  EXPECT_THAT(Output<float>(), ElementsAre(20, 30));
}

TEST_F(GuardsTest, FramesOfLengthZero) {
  Net net;
  net.Input("x", kFloat, {"1", "n", "1"}).Input("step", kInt64, {}).Input("length", kInt64, {});
  Load(net.Node("STFT", {"x", "step", "", "length"}, {"y"}).Output("y", kFloat, {"1", "f", "b", "2"}).Bytes());
  const std::vector<float> sound(8, 1);
  for (const auto& [step, length, ok] : {std::tuple{4, 0, false}, std::tuple{0, 4, false}, std::tuple{4, 4, true}}) {
    ASSERT_TRUE(Set<float>(0, DType::kFp32, {1, 8, 1}, sound).ok());
    ASSERT_TRUE(Set<int64_t>(1, DType::kInt64, {}, {step}).ok());
    ASSERT_TRUE(Set<int64_t>(2, DType::kInt64, {}, {length}).ok());
    EXPECT_EQ(session_->Run().ok(), ok) << step << " " << length;
  }
}

TEST_F(GuardsTest, UniqueAlongAnAxis) {
  Net net;
  net.Input("x", kFloat, {"n", "m"}).Node("Unique", {"x"}, {"y"}, {Int("axis", 0)});
  Load(net.Output("y", kFloat, {"a", "m"}).Bytes());
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {0, 2}, {}).ok());
  EXPECT_EQ(ReasonOf(session_->Run()), Reason::INVALID_REQUEST);
  ASSERT_TRUE(Set<float>(0, DType::kFp32, {3, 1}, {2, 1, 2}).ok());
  ASSERT_TRUE(session_->Run().ok());
  EXPECT_THAT(Output<float>(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace sluice
