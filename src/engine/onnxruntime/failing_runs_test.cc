// Runs that cannot be computed: an error each, and the next one is right. Nothing of an earlier run or of other memory
// comes back.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/thread.h"
#include "engine/onnxruntime/testing/runs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace onnx;           // NOLINT: the types' names
using namespace onnx::testing;  // NOLINT: a small language of its own
using ort::testing::Runs;

struct Value {
  DType type;
  Shape shape;
  std::string bytes;
};
template <typename T>
Value Make(DType type, Shape shape, const std::vector<T>& values) {
  return {type, std::move(shape), {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}};
}
Value Floats(Shape shape, const std::vector<float>& values) { return Make(DType::kFp32, std::move(shape), values); }
Value Longs(Shape shape, const std::vector<int64_t>& values) { return Make(DType::kInt64, std::move(shape), values); }
Value Longs(int64_t value) { return Longs({1}, {value}); }
Value Ones(Shape shape, float value = 1) {
  const auto elements = static_cast<size_t>(*ElementsOf(shape));
  return Floats(std::move(shape), std::vector<float>(elements, value));
}

using Values = std::vector<Value>;
struct Kind {
  std::string name;
  Net net;
  Values good;
  std::vector<float> right;  // what the good run answers
  std::vector<Values> bad;
};

// Input names are a, b, c …, the output is y (FP32, any shape).
Kind Make(std::string op, const std::vector<Type>& inputs, const std::vector<std::string>& attributes, Values good,
          std::vector<float> right, std::vector<Values> bad, int opset = 17) {
  Net net(opset);
  std::vector<std::string> names;
  for (const Type type : inputs) {
    names.emplace_back(1, static_cast<char>('a' + names.size()));
    net.InputOfAnyShape(names.back(), type);
  }
  net.Node(op, names, {"y"}, attributes).OutputOfAnyShape("y", kFloat);
  return {std::move(op), std::move(net), std::move(good), std::move(right), std::move(bad)};
}

constexpr int64_t kFar = int64_t{1} << 62;
const std::vector<int64_t> kOutside = {3,     -4,        1000,     (int64_t{1} << 32) + 1, (int64_t{1} << 31), kFar,
                                       -kFar, INT64_MIN, INT64_MAX};

// Each place outside three, with `make`.
std::vector<Values> Outside(const std::function<Values(int64_t)>& make) {
  std::vector<Values> all;
  for (const int64_t place : kOutside) all.push_back(make(place));
  return all;
}

std::vector<Kind> Kinds() {
  const Value three = Floats({3}, {41, 42, 43});
  std::vector<Kind> kinds;
  kinds.push_back(Make("Conv", {kFloat, kFloat}, {Ints("kernel_shape", {2, 2})},
                       {Ones({1, 1, 2, 2}, 7), Ones({1, 1, 2, 2})}, {28},
                       {{Ones({1, 1, 1, 1}), Ones({1, 1, 2, 2})}, {Ones({1, 2, 2, 2}), Ones({1, 1, 2, 2})}}));
  kinds.push_back(Make("Reshape", {kFloat, kInt64}, {}, {three, Longs({2}, {3, 1})}, {41, 42, 43},
                       {{three, Longs({2}, {2, 2})}, {three, Longs({2}, {-5, 1})}, {three, Longs({2}, {-1, -1})}}));
  kinds.push_back(Make("Add", {kFloat, kFloat}, {}, {three, Ones({3})}, {42, 43, 44}, {{three, Ones({2})}}));
  kinds.push_back(Make("Concat", {kFloat, kFloat}, {Int("axis", 1)}, {Ones({1, 1}, 5), Ones({1, 2}, 6)}, {5, 6, 6},
                       {{Ones({1, 1}), Ones({2, 2})}, {Ones({1, 1}), Ones({1, 1, 1})}}));
  kinds.push_back(
      Make("MatMul", {kFloat, kFloat}, {}, {Ones({1, 2}, 3), Ones({2, 1})}, {6}, {{Ones({1, 2}), Ones({3, 1})}}));
  kinds.push_back(
      Make("Gemm", {kFloat, kFloat}, {}, {Ones({1, 2}, 3), Ones({2, 1})}, {6}, {{Ones({1, 2}), Ones({3, 1})}}));
  kinds.push_back(Make("Tile", {kFloat, kInt64}, {}, {three, Longs(1)}, {41, 42, 43},
                       {{three, Longs({2}, {1, 1})}, {three, Longs(-1)}}));
  kinds.push_back(
      Make("Expand", {kFloat, kInt64}, {}, {three, Longs(1)}, {41, 42, 43}, {{three, Longs(2)}, {three, Longs(-3)}}));
  kinds.push_back(Make("Pad", {kFloat, kInt64}, {}, {three, Longs({2}, {0, -1})}, {41, 42},
                       {{three, Longs({2}, {-5, -5})}, {three, Longs({3}, {0, 0, 0})}}));
  kinds.push_back(Make(
      "Slice", {kFloat, kInt64, kInt64, kInt64, kInt64}, {}, {three, Longs(0), Longs(kFar), Longs(0), Longs(2)},
      {41, 43}, {{three, Longs(0), Longs(3), Longs(0), Longs(0)}, {three, Longs(0), Longs(3), Longs(9), Longs(1)}}));
  kinds.push_back(Make("Resize", {kFloat, kFloat, kFloat, kInt64}, {},
                       {Ones({1, 1, 1, 1}, 8), Ones({0}), Ones({0}), Longs({4}, {1, 1, 1, 2})}, {8, 8},
                       {{Ones({1, 1, 1, 1}), Ones({0}), Ones({0}), Longs({4}, {1, 1, -1, 2})},
                        {Ones({1, 1, 1, 1}), Ones({0}), Ones({0}), Longs({3}, {1, 1, 1})}}));
  kinds.push_back(Make("Gather", {kFloat, kInt64}, {}, {three, Longs({2}, {2, -3})}, {43, 41}, Outside([&](int64_t i) {
                         return Values{three, Longs({2}, {0, i})};
                       })));
  kinds.push_back(
      Make("GatherElements", {kFloat, kInt64}, {}, {three, Longs({2}, {2, -3})}, {43, 41}, Outside([&](int64_t i) {
             return Values{three, Longs({2}, {0, i})};
           })));
  kinds.push_back(
      Make("GatherND", {kFloat, kInt64}, {}, {three, Longs({2, 1}, {2, -3})}, {43, 41}, Outside([&](int64_t i) {
             return Values{three, Longs({2, 1}, {0, i})};
           })));
  kinds.push_back(Make("ScatterElements", {kFloat, kInt64, kFloat}, {}, {three, Longs(2), Ones({1}, 9)}, {41, 42, 9},
                       Outside([&](int64_t i) {
                         return Values{three, Longs(i), Ones({1}, 9)};
                       })));
  kinds.push_back(Make("ScatterND", {kFloat, kInt64, kFloat}, {}, {three, Longs({1, 1}, {2}), Ones({1}, 9)},
                       {41, 42, 9}, Outside([&](int64_t i) {
                         return Values{three, Longs({1, 1}, {i}), Ones({1}, 9)};
                       })));
  kinds.push_back(
      Make("Range", {kFloat, kFloat, kFloat}, {}, {Floats({}, {0}), Floats({}, {3}), Floats({}, {2})}, {0, 2},
           {{Floats({}, {0}), Floats({}, {3}), Floats({}, {0})}, {Ones({2}), Floats({}, {3}), Floats({}, {1})}}));
  kinds.push_back(Make("ConstantOfShape", {kInt64}, {}, {Longs(2)}, {0, 0}, {{Longs(-2)}}));
  kinds.push_back(Make("OneHot", {kInt64, kInt64, kFloat}, {}, {Longs(1), Longs(2), Floats({2}, {5, 6})}, {5, 6},
                       {{Longs(1), Longs(-3), Floats({2}, {5, 6})}, {Longs(1), Longs(2), Ones({3})}}));
  kinds.push_back(Make("Squeeze", {kFloat, kInt64}, {}, {Ones({1, 3}), Longs(0)}, {1, 1, 1},
                       {{Ones({1, 3}), Longs(1)}, {Ones({1, 3}), Longs(7)}}));
  kinds.push_back(Make("CumSum", {kFloat, kInt64}, {}, {three, Longs(0)}, {41, 83, 126}, {{three, Longs(5)}}));
  kinds.push_back(Make("Einsum", {kFloat, kFloat}, {Text("equation", "ij,jk->ik")}, {Ones({1, 2}, 3), Ones({2, 1})},
                       {6}, {{Ones({1, 2}), Ones({3, 1})}, {Ones({2}), Ones({2, 1})}}));
  Net split(13), top;
  split.Input("a", kFloat, {"n"})
      .Input("b", kInt64, {"2"})
      .Node("Split", {"a", "b"}, {"y", "z"})
      .Output("y", kFloat, {"m"});
  kinds.push_back(
      {"Split", split, {three, Longs({2}, {1, 2})}, {41}, {{three, Longs({2}, {1, 3})}, {three, Longs({2}, {-1, 4})}}});
  top.Input("a", kFloat, {"n"})
      .Input("b", kInt64, {"1"})
      .Node("TopK", {"a", "b"}, {"y", "i"})
      .Output("y", kFloat, {"m"});
  kinds.push_back(
      {"TopK",
       top,
       {three, Longs(2)},
       {43, 42},
       {{three, Longs(5)}, {three, Longs(-1)}, {three, Longs(kFar)}, {three, Longs((int64_t{1} << 32) + 2)}}});
  return kinds;
}

absl::Status RunOn(Session& session, const Values& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    RETURN_IF_ERROR(session.SetInput(i, {"", value.type, value.shape, value.bytes.data(), value.bytes.size()}));
  }
  return session.Run();
}

std::vector<float> Output(Session& session) {
  const auto output = session.Output(0);
  if (!output.ok()) return {std::numeric_limits<float>::quiet_NaN()};
  const auto values = output->As<float>();
  return {values.begin(), values.end()};
}

TEST(FailingRunsTest, AreTheClientsErrorsAndTheNextRunIsRight) {
  for (const Kind& kind : Kinds()) {
    SCOPED_TRACE(kind.name);
    Runs runs(kind.net);
    // Also as the first thing ever, and again after a good one.
    for (int round = 0; round < 3; ++round) {
      for (const Values& bad : kind.bad) {
        const absl::Status status = RunOn(runs.session(), bad);
        EXPECT_TRUE(ReasonOf(status) == Reason::INVALID_REQUEST) << status;
        EXPECT_FALSE(runs.session().Output(0).ok());
      }
      for (int i = 0; i < 2; ++i) {
        const absl::Status status = RunOn(runs.session(), kind.good);
        ASSERT_TRUE(status.ok()) << status;
        EXPECT_EQ(Output(runs.session()), kind.right);
      }
    }
  }
}

TEST(FailingRunsTest, TheTextIsForClients) {
  for (const Kind& kind : Kinds()) {
    Runs runs(kind.net);
    for (const Values& bad : kind.bad) {
      const std::string text(RunOn(runs.session(), bad).message());
      EXPECT_TRUE(text.starts_with("the model cannot compute this: " + kind.name)) << text;
      EXPECT_LE(text.size(), 400u);
      for (const char* const internal : {"onnxruntime", ".cc", ".h:", "/onnx", "\n", "Status Message"}) {
        EXPECT_EQ(text.find(internal), std::string::npos) << text;
      }
    }
  }
}

TEST(FailingRunsTest, InputsOfOurOwnAreNotTheClientsFault) {
  Net net;
  net.Input("a", kFloat, {"n"}).Input("b", kFloat, {"m"}).Node("Add", {"a", "b"}, {"y"}).Output("y", kFloat, {"k"});
  Runs runs(FilesOf(net.Bytes()), {.name = "own@1", .trusted_inputs = true});
  EXPECT_EQ(ReasonOf(RunOn(runs.session(), {Ones({2}), Ones({3})})), Reason::MODEL_FAILED);
  EXPECT_TRUE(RunOn(runs.session(), {Ones({2}), Ones({2})}).ok());
}

TEST(FailingRunsTest, OneWorkersFailuresDoNotTouchAnothersAnswers) {
  for (const Kind& kind : Kinds()) {
    Runs runs(kind.net);
    std::atomic<int> wrong = 0;
    const auto work = [&](bool fails) {
      const auto session = *runs.model().NewSession();
      for (int i = 0; i < 200; ++i) {
        if (fails && i % 3 != 0) {
          wrong += RunOn(*session, kind.bad[i % kind.bad.size()]).ok() ? 1 : 0;
        } else {
          wrong += RunOn(*session, kind.good).ok() && Output(*session) == kind.right ? 0 : 1;
        }
      }
    };
    {
      Thread failing("failing", 0, [&work] { work(true); });
      work(false);
    }
    EXPECT_EQ(wrong, 0) << kind.name;
  }
}

}  // namespace
}  // namespace sluice
