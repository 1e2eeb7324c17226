// What a request may point to: inside is computed right, outside is an error, and no foreign memory is read or written.
#include "engine/openvino/guards.h"

#include "base/error.h"
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"
#include "openvino/opsets/opset15.hpp"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test
using Indices = std::vector<int64_t>;

struct Case {
  std::string name;
  std::shared_ptr<ov::Model> model;
  std::function<std::vector<ov::Tensor>(const Indices&)> inputs;
  std::vector<std::pair<Indices, std::vector<float>>> inside;
  std::vector<Indices> outside;
};

const std::vector<Indices> kOutside3 = {
    {0, 3}, {-4, 0}, {0, 40}, {1'000'000'000, 0}, {0, INT32_MIN}, {(1LL << 32) + 1, 0}};

ov::Tensor IndexTensor(ov::element::Type type, const ov::Shape& shape, const Indices& values) {
  if (type == ov::element::i64) return Of<int64_t>(shape, values);
  return Of<int32_t>(shape, {values.begin(), values.end()});
}

std::shared_ptr<op::Constant> Zero() { return Values<int64_t>(ov::element::i64, {}, {0}); }
std::vector<float> Data() { return {10, 20, 30}; }

// Each for indices of either type, data of fixed and of open size.
std::vector<Case> CasesOf(ov::element::Type type, bool open) {
  const ov::PartialShape three = open ? ov::PartialShape{-1} : ov::PartialShape{3};
  const ov::PartialShape two = open ? ov::PartialShape{-1} : ov::PartialShape{2};
  const ov::PartialShape places = open ? ov::PartialShape{-1, 1} : ov::PartialShape{2, 1};
  const auto x = [&] { return Input("x", ov::element::f32, three); };
  const auto i = [&] { return Input("i", type, two); };
  const auto u = [&] { return Input("u", ov::element::f32, two); };
  const auto with = [type](ov::Shape shape, bool updates) {
    return [type, shape, updates](const Indices& indices) {
      std::vector<ov::Tensor> all = {Of<float>({3}, Data()), IndexTensor(type, shape, indices)};
      if (updates) all.push_back(Of<float>({2}, {7, 8}));
      return all;
    };
  };
  std::vector<Case> cases;
  {
    const auto a = x(), b = i();
    cases.push_back({"Gather",
                     Net(std::make_shared<op::Gather>(a, b, Zero()), {a, b}),
                     with({2}, false),
                     {{{0, 2}, {10, 30}}, {{-1, 1}, {30, 20}}},
                     kOutside3});
  }
  {
    const auto a = x(), b = i();
    cases.push_back({"GatherElements",
                     Net(std::make_shared<op::GatherElements>(a, b, 0), {a, b}),
                     with({2}, false),
                     {{{0, 2}, {10, 30}}, {{-3, -1}, {10, 30}}},
                     kOutside3});
  }
  {
    const auto a = x(), b = Input("i", type, places);
    cases.push_back({"GatherND",
                     Net(std::make_shared<op::GatherND>(a, b), {a, b}),
                     with({2, 1}, false),
                     {{{0, 2}, {10, 30}}, {{-1, 1}, {30, 20}}},
                     kOutside3});
  }
  {
    const auto a = x(), b = i(), c = u();
    cases.push_back({"ScatterElementsUpdate",
                     Net(std::make_shared<op::ScatterElementsUpdate>(a, b, c, Zero()), {a, b, c}),
                     with({2}, true),
                     {{{0, 2}, {7, 20, 8}}, {{-1, 1}, {10, 8, 7}}},
                     kOutside3});
  }
  {
    const auto a = x(), b = i(), c = u();
    cases.push_back({"ScatterUpdate",
                     Net(std::make_shared<op::ScatterUpdate>(a, b, c, Zero()), {a, b, c}),
                     with({2}, true),
                     {{{0, 2}, {7, 20, 8}}, {{-1, 1}, {10, 8, 7}}},
                     kOutside3});
  }
  {
    const auto a = x(), b = Input("i", type, places), c = u();
    cases.push_back({"ScatterNDUpdate",
                     Net(std::make_shared<op::ScatterNDUpdate>(a, b, c), {a, b, c}),
                     with({2, 1}, true),
                     {{{0, 2}, {7, 20, 8}}, {{-1, 1}, {10, 8, 7}}},
                     kOutside3});
  }
  {
    // By way of a computation.
    const auto a = x(), b = i();
    const auto next = std::make_shared<op::Add>(b, Values<int64_t>(type, {}, {1}));
    cases.push_back({"Gather of a sum",
                     Net(std::make_shared<op::Gather>(a, next, Zero()), {a, b}),
                     with({2}, false),
                     {{{0, 1}, {20, 30}}, {{-2, -1}, {30, 10}}},
                     {{0, 2}, {-5, 0}, {1'000'000, 0}}});
  }
  return cases;
}

void Check(const Case& test, const OpenVinoNet& net, Session& session) {
  for (int round = 0; round < 3; ++round) {
    for (const Indices& indices : test.outside) {
      // An index that its type does not hold is cut by the test itself.
      if (net.signature().inputs[1].dtype == DType::kInt32 && indices[0] > INT32_MAX) continue;
      const absl::Status status = Ask(session, net.signature(), test.inputs(indices));
      ASSERT_EQ(ReasonOf(status), Reason::INVALID_REQUEST) << test.name << ' ' << indices[0] << ' ' << indices[1];
      ASSERT_FALSE(session.Output(0).ok());
    }
    for (const auto& [indices, wanted] : test.inside) {
      const absl::Status status = Ask(session, net.signature(), test.inputs(indices));
      ASSERT_TRUE(status.ok()) << test.name << ": " << status;
      const auto output = session.Output(0)->As<float>();
      EXPECT_EQ(std::vector<float>(output.begin(), output.end()), wanted) << test.name;
    }
  }
}

TEST(Guards, IndicesAreRightOrRefused) {
  for (const auto type : {ov::element::Type(ov::element::i32), ov::element::Type(ov::element::i64)}) {
    for (const bool open : {false, true}) {
      for (const Case& test : CasesOf(type, open)) {
        const auto net = Loaded(test.model);
        OpenVinoSession session(net);
        EXPECT_TRUE(session.WarmUp().ok()) << test.name;
        Check(test, *net, session);
        EXPECT_EQ(net->budget().times(), 0) << test.name << ": a run failed inside";
      }
    }
  }
}

TEST(Guards, EachSessionSeesItsOwn) {
  const Case test = CasesOf(ov::element::i64, true)[0];
  const auto net = Loaded(test.model);
  OpenVinoSession bad(net), good(net);
  EXPECT_FALSE(Ask(bad, net->signature(), test.inputs({0, 3})).ok());
  EXPECT_TRUE(Ask(good, net->signature(), test.inputs({0, 2})).ok());
}

TEST(Guards, NotForInputsThatATaskMakes) {
  const Case test = CasesOf(ov::element::i64, true)[0];
  const auto net = Loaded(test.model, {.trusted_inputs = true});
  EXPECT_EQ(SetReport(const_cast<ov::Model&>(net->model()), nullptr), 0);
}

TEST(Guards, DivisorsAndStepsOfZero) {
  for (const bool modulo : {false, true}) {
    const auto a = Input("a", ov::element::i32, {-1}), b = Input("b", ov::element::i32, {-1});
    const std::shared_ptr<ov::Node> y =
        modulo ? std::shared_ptr<ov::Node>(std::make_shared<op::Mod>(a, b)) : std::make_shared<op::Divide>(a, b);
    const auto net = Loaded(Net(y, {a, b}));
    OpenVinoSession session(net);
    const auto ask = [&](std::vector<int32_t> l, std::vector<int32_t> r) {
      return Ask(session, net->signature(), {Of<int32_t>({2}, l), Of<int32_t>({2}, r)});
    };
    EXPECT_EQ(ReasonOf(ask({7, 8}, {1, 0})), Reason::INVALID_REQUEST);
    ASSERT_TRUE(ask({7, 8}, {2, -3}).ok());
    EXPECT_EQ(session.Output(0)->As<int32_t>()[0], modulo ? 1 : 3);
    EXPECT_EQ(session.Output(0)->As<int32_t>()[1], modulo ? 2 : -2);
    EXPECT_EQ(ReasonOf(ask({INT32_MIN, 8}, {-1, 1})), Reason::INVALID_REQUEST) << "not exact";
  }
  const auto a = Input("a", ov::element::i32, {}), b = Input("b", ov::element::i32, {}),
             c = Input("c", ov::element::i32, {});
  const auto net = Loaded(Net(std::make_shared<op::Range>(a, b, c, ov::element::i32), {a, b, c}));
  OpenVinoSession session(net);
  EXPECT_TRUE(session.WarmUp().ok()) << "on zeros";
  const auto ask = [&](int32_t start, int32_t stop, int32_t step) {
    return Ask(session, net->signature(), {Of<int32_t>({}, {start}), Of<int32_t>({}, {stop}), Of<int32_t>({}, {step})});
  };
  EXPECT_EQ(ReasonOf(ask(0, 3, 0)), Reason::INVALID_REQUEST);
  ASSERT_TRUE(ask(0, 3, 1).ok());
  EXPECT_EQ(session.Output(0)->As<int32_t>().size(), 3u);
  EXPECT_EQ(ReasonOf(ask(0, 0, 0)), Reason::INVALID_REQUEST);
}

TEST(Guards, TheSmallestStep) {
  const auto x = Input("x", ov::element::f32, {-1}), from = Input("f", ov::element::i64, {1});
  const auto to = Input("t", ov::element::i64, {1}), by = Input("s", ov::element::i64, {1});
  const auto net = Loaded(Net(std::make_shared<op::Slice>(x, from, to, by), {x, from, to, by}));
  OpenVinoSession session(net);
  const auto ask = [&](int64_t step) {
    return Ask(session, net->signature(),
               {Of<float>({3}, Data()), Of<int64_t>({1}, {2}), Of<int64_t>({1}, {-9}), Of<int64_t>({1}, {step})});
  };
  ASSERT_TRUE(ask(-2).ok());
  EXPECT_EQ(session.Output(0)->As<float>()[1], 10);
  ASSERT_TRUE(ask(INT32_MIN + 1).ok());
  EXPECT_EQ(session.Output(0)->As<float>()[0], 30);
  EXPECT_EQ(ReasonOf(ask(INT32_MIN)), Reason::INVALID_REQUEST) << "its one element would not be written";
}

// A step that comes out of a computation is only known at the run.
TEST(Guards, AComputedStepOfZero) {
  const auto x = Input("x", ov::element::f32, {100});
  const auto step = std::make_shared<op::Convert>(
      std::make_shared<op::ReduceMax>(x, Values<int64_t>(ov::element::i64, {1}, {0}), false), ov::element::i32);
  const auto net =
      Loaded(Net(std::make_shared<op::Range>(Values<int32_t>(ov::element::i32, {}, {0}),
                                             Values<int32_t>(ov::element::i32, {}, {4}), step, ov::element::i32),
                 {x}));
  OpenVinoSession session(net);
  EXPECT_TRUE(session.WarmUp().ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Ask(session, net->signature(), {Of<float>({100}, std::vector<float>(100, 0))})),
              Reason::INVALID_REQUEST);
    ASSERT_TRUE(Ask(session, net->signature(), {Of<float>({100}, std::vector<float>(100, 2))}).ok());
    EXPECT_EQ(session.Output(0)->As<int32_t>().size(), 2u);
  }
}

TEST(Guards, TheLargestOfNothingThatTheNetCounts) {
  const auto x = Input("x", ov::element::f32, {-1});
  const auto places = std::make_shared<op::NonZero>(x, ov::element::i64);
  const auto last = std::make_shared<op::TopK>(places, Values<int64_t>(ov::element::i64, {}, {1}), 1,
                                               ov::op::TopKMode::MAX, ov::op::TopKSortType::NONE, ov::element::i64);
  const auto net = Loaded(Net(last->output(0), {x}));
  OpenVinoSession session(net);
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = Ask(session, net->signature(), {Of<float>({4}, {0, 0, 0, 0})});
    EXPECT_EQ(ReasonOf(status), Reason::INVALID_REQUEST);
    EXPECT_EQ(status.message(), "TopK 'y' is left without elements");
    ASSERT_TRUE(Ask(session, net->signature(), {Of<float>({4}, {0, 9, 9, 0})}).ok());
    EXPECT_EQ(session.Output(0)->As<int64_t>()[0], 2);
  }
}

TEST(Guards, WhatCannotBeGuardedIsRefusedAtLoad) {
  const auto core = std::make_shared<ov::Core>();
  const auto x = Input("x", ov::element::f32, {3, 3});
  const auto i = Input("i", ov::element::i64, {2}), axis = Input("axis", ov::element::i64, {});
  auto net = OpenVinoNet::Make(core, Net(std::make_shared<op::Gather>(x, i, axis), {x, i, axis}), {});
  ASSERT_FALSE(net.ok());
  EXPECT_EQ(net.status().message(),
            "Gather 'y' takes its axis from a request, which OpenVINO does not check; use engine: onnxruntime");
  const auto d = Input("d", ov::element::f32, {4, 2}), axes = Input("axes", ov::element::i64, {1});
  EXPECT_FALSE(OpenVinoNet::Make(core, Net(std::make_shared<op::DFT>(d, axes), {d, axes}), {}).ok());
  // The value of the first run would be that of all later ones.
  const auto v = Input("v", ov::element::f32, {}), p = Input("p", ov::element::f32, {-1});
  const auto ones = Values<int64_t>(ov::element::i64, {1}, {1});
  EXPECT_FALSE(
      OpenVinoNet::Make(core, Net(std::make_shared<op::Pad>(p, ones, ones, v, ov::op::PadMode::CONSTANT), {p, v}), {})
          .ok());
  const auto which = Input("i", ov::element::i64, {1});
  const auto s = Input("s", ov::element::f32, {-1, -1});
  EXPECT_FALSE(
      OpenVinoNet::Make(core, Net(std::make_shared<op::Slice>(s, ones, ones, ones, which), {s, which}), {}).ok());
  // After a larger tensor the same smaller one is answered otherwise.
  const auto b = Input("b", ov::element::bf16, {-1});
  EXPECT_FALSE(OpenVinoNet::Make(core, Net(std::make_shared<ov::op::v10::Unique>(b)->output(0), {b}), {}).ok());
}

}  // namespace
}  // namespace sluice
