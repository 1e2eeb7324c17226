// Runs that fail inside a net: always an error, and the good ones before and after are right, on every session.
#include <sys/resource.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "base/testing/sanitized.h"
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test
const auto f32 = [] { return ov::element::Type(ov::element::f32); };
const auto i64 = [] { return ov::element::Type(ov::element::i64); };

struct Case {
  std::string name;
  std::shared_ptr<ov::Model> model;
  std::vector<ov::Tensor> bad;
  // The inputs and the first value of the output, for some number.
  std::function<std::vector<ov::Tensor>(float)> good;
  std::function<float(float)> first;
};

std::vector<float> Ones(size_t count, float value = 1) { return std::vector<float>(count, value); }

Case Convolution() {
  const auto x = Input("x", f32(), {-1, 3, -1, -1});
  const auto y =
      std::make_shared<op::Convolution>(x, Values(f32(), {2, 3, 5, 5}, Ones(150)), ov::Strides{1, 1},
                                        ov::CoordinateDiff{0, 0}, ov::CoordinateDiff{0, 0}, ov::Strides{1, 1});
  return {"Convolution",
          Net(y, {x}),
          {Of({1, 3, 2, 2}, Ones(12))},
          [](float v) {
            return std::vector{Of({1, 3, 5, 5}, Ones(75, v))};
          },
          [](float v) { return 75 * v; }};
}

Case MatMul() {
  const auto a = Input("a", f32(), {-1, -1}), b = Input("b", f32(), {-1, -1});
  return {"MatMul",
          Net(std::make_shared<op::MatMul>(a, b), {a, b}),
          {Of({2, 3}, Ones(6)), Of({4, 2}, Ones(8))},
          [](float v) {
            return std::vector{Of({2, 3}, Ones(6, v)), Of({3, 2}, Ones(6))};
          },
          [](float v) { return 3 * v; }};
}

Case Add() {
  const auto a = Input("a", f32(), {-1}), b = Input("b", f32(), {-1});
  return {"Add",
          Net(std::make_shared<op::Add>(a, b), {a, b}),
          {Of({2}, Ones(2)), Of({3}, Ones(3))},
          [](float v) {
            return std::vector{Of({2}, Ones(2, v)), Of({2}, Ones(2))};
          },
          [](float v) { return v + 1; }};
}

Case Concat() {
  const auto a = Input("a", f32(), {-1, 2}), b = Input("b", f32(), {-1, 2});
  return {"Concat",
          Net(std::make_shared<op::Concat>(ov::OutputVector{a, b}, 1), {a, b}),
          {Of({2, 2}, Ones(4)), Of({3, 2}, Ones(6))},
          [](float v) {
            return std::vector{Of({2, 2}, Ones(4, v)), Of({2, 2}, Ones(4))};
          },
          [](float v) { return v; }};
}

Case Reshape() {
  const auto x = Input("x", f32(), {-1}), s = Input("s", i64(), {2});
  return {"Reshape",
          Net(std::make_shared<op::Reshape>(x, s, false), {x, s}),
          {Of({3}, Ones(3)), Of<int64_t>({2}, {2, 2})},
          [](float v) {
            return std::vector{Of({6}, Ones(6, v)), Of<int64_t>({2}, {2, 3})};
          },
          [](float v) { return v; }};
}

Case TopK() {
  // Its k is a list of one, as in ONNX.
  const auto x = Input("x", f32(), {-1}), k = Input("k", i64(), {1});
  const auto one = std::make_shared<op::Squeeze>(k, Values<int64_t>(i64(), {1}, {0}));
  return {"TopK",
          Net(std::make_shared<op::TopK>(x, one, 0, "max", "value")->output(0), {x, k}),
          {Of({2}, Ones(2)), Of<int64_t>({1}, {5})},
          [](float v) {
            return std::vector{Of({3}, Ones(3, v)), Of<int64_t>({1}, {2})};
          },
          [](float v) { return v; }};
}

Case Pad() {
  const auto x = Input("x", f32(), {-1}), p = Input("p", i64(), {1});
  return {"Pad",
          Net(std::make_shared<op::Pad>(x, p, p, ov::op::PadMode::CONSTANT), {x, p}),
          {Of({3}, Ones(3)), Of<int64_t>({1}, {-5})},
          [](float v) {
            return std::vector{Of({3}, Ones(3, v)), Of<int64_t>({1}, {-1})};
          },
          [](float v) { return v; }};
}

// How much of the image is left depends on what it shows: nothing can be known before the run.
Case CutThenConvolution() {
  const auto x = Input("x", f32(), {1, 1, 16, 16});
  const auto total = std::make_shared<op::ReduceMax>(x, Values<int64_t>(i64(), {4}, {0, 1, 2, 3}), false);
  const auto stop = std::make_shared<op::Reshape>(std::make_shared<op::Convert>(total, i64()),
                                                  Values<int64_t>(i64(), {1}, {1}), false);
  const auto zero = Values<int64_t>(i64(), {1}, {0}), one = Values<int64_t>(i64(), {1}, {1});
  const auto cut = std::make_shared<op::Slice>(x, zero, stop, one, Values<int64_t>(i64(), {1}, {3}));
  const auto y =
      std::make_shared<op::Convolution>(cut, Values(f32(), {1, 1, 5, 5}, Ones(25)), ov::Strides{1, 1},
                                        ov::CoordinateDiff{0, 0}, ov::CoordinateDiff{0, 0}, ov::Strides{1, 1});
  return {"CutThenConvolution",
          Net(y, {x}),
          {Of({1, 1, 16, 16}, Ones(256, 2))},
          [](float v) {
            return std::vector{Of({1, 1, 16, 16}, Ones(256, 5 + std::fmod(v, 4.0f)))};
          },
          [](float v) { return 25 * (5 + std::fmod(v, 4.0f)); }};
}

std::vector<Case> All() {
  return {Convolution(), MatMul(), Add(), Concat(), Reshape(), TopK(), Pad(), CutThenConvolution()};
}

// Restoring is bounded in time, and a slow machine may have used that up: then it says "try again later".
absl::Status AskPatiently(Session& session, const ModelSignature& signature, const std::vector<ov::Tensor>& inputs) {
  absl::Status status = Ask(session, signature, inputs);
  for (int i = 0; i < 600 && ReasonOf(status) == Reason::OVERLOADED; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    status = Ask(session, signature, inputs);
  }
  return status;
}

// Good and bad in turn; `rounds` of them.
void Alternate(const Case& test, Session& session, const ModelSignature& signature, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const absl::Status bad = Ask(session, signature, test.bad);
    ASSERT_FALSE(bad.ok()) << test.name << " round " << i;
    ASSERT_FALSE(session.Output(0).ok()) << "no outputs after a failure";
    const auto value = static_cast<float>(i);
    const absl::Status good = AskPatiently(session, signature, test.good(value));
    ASSERT_TRUE(good.ok()) << test.name << " round " << i << ": " << good;
    const auto output = session.Output(0);
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_FLOAT_EQ(output->As<float>()[0], test.first(value)) << test.name << " round " << i;
  }
}

TEST(FailingRuns, AreErrorsAndTheGoodOnesAreRight) {
  for (const Case& test : All()) {
    const auto net = Loaded(test.model);
    OpenVinoSession session(net);  // not warmed up: the first run ever is a bad one
    Alternate(test, session, net->signature(), 20);
  }
}

TEST(FailingRuns, OnTwoWorkersSideBySide) {
  for (const Case& test : All()) {
    const auto net = Loaded(test.model);
    std::vector<std::unique_ptr<OpenVinoSession>> sessions;
    for (int i = 0; i < 2; ++i) {
      sessions.push_back(std::make_unique<OpenVinoSession>(net));
      EXPECT_TRUE(sessions.back()->WarmUp().ok()) << test.name;
    }
    std::vector<std::thread> threads;
    for (auto& session : sessions) threads.emplace_back([&] { Alternate(test, *session, net->signature(), 20); });
    for (std::thread& thread : threads) thread.join();
  }
}

// What shapes alone decide is refused without a run: a thousand of them cost no new copy.
TEST(FailingRuns, WhatShapesDecideCostsNoCompiledCopy) {
  for (const Case& test : All()) {
    if (test.name == "CutThenConvolution") continue;
    const auto net = Loaded(test.model);
    OpenVinoSession session(net);
    Alternate(test, session, net->signature(), 500);
    EXPECT_EQ(ReasonOf(Ask(session, net->signature(), test.bad)), Reason::INVALID_REQUEST) << test.name;
    EXPECT_EQ(net->budget().times(), 0) << test.name;
  }
}

TEST(FailingRuns, AnInputOfOwnMemoryStaysAcrossAFailure) {
  const Case test = CutThenConvolution();
  const auto net = Loaded(test.model);
  OpenVinoSession session(net);
  auto* const values = static_cast<float*>(*session.InputBuffer(0, {1, 1, 16, 16}));
  std::fill_n(values, 256, 2.0f);
  EXPECT_FALSE(session.Run({}).ok());
  std::fill_n(values, 256, 6.0f);
  ASSERT_TRUE(session.Run({}).ok());
  EXPECT_FLOAT_EQ(session.Output(0)->As<float>()[0], 150);
}

// While too much time went into failures, what may fail waits; what never fails is served.
TEST(FailingRuns, AreBoundedInTime) {
  const Case cut = CutThenConvolution(), add = Add();
  for (const Case* test : {&cut, &add}) {
    const auto net = Loaded(test->model);
    OpenVinoSession session(net);
    ASSERT_TRUE(Ask(session, net->signature(), test->good(1)).ok());
    net->budget().Spend(std::chrono::hours(1));
    ASSERT_TRUE(Ask(session, net->signature(), test->good(2)).ok()) << "ran well before";
    const absl::Status bad = Ask(session, net->signature(), test->bad);
    EXPECT_EQ(ReasonOf(bad), test == &add ? Reason::INVALID_REQUEST : Reason::MODEL_FAILED);
    const absl::Status after = Ask(session, net->signature(), test->good(3));
    EXPECT_EQ(after.ok(), test == &add) << after;
    EXPECT_TRUE(after.ok() || ReasonOf(after) == Reason::OVERLOADED) << after;
  }
}

TEST(StoppedRuns, DoNotStart) {
  const Case test = Add();
  const auto net = Loaded(test.model);
  OpenVinoSession session(net);
  ASSERT_TRUE(Ask(session, net->signature(), test.good(1)).ok());
  std::stop_source stop;
  stop.request_stop();
  std::fill_n(static_cast<float*>(*session.InputBuffer(0, {2})), 2, 1.0f);
  std::fill_n(static_cast<float*>(*session.InputBuffer(1, {2})), 2, 1.0f);
  EXPECT_EQ(ReasonOf(session.Run(stop.get_token())), Reason::CANCELLED);
  EXPECT_FALSE(session.Output(0).ok());
  EXPECT_TRUE(session.Run({}).ok());
}

// Thirty convolutions over an open size. All ones in: the sum of a pixel's field of view, scaled.
std::shared_ptr<ov::Model> Deep() {
  const auto x = Input("x", f32(), {1, 8, -1, -1});
  ov::Output<ov::Node> y = x;
  for (int i = 0; i < 30; ++i) {
    y = std::make_shared<op::Convolution>(y, Values(f32(), {8, 8, 3, 3}, Ones(576, 1.0f / 72)), ov::Strides{1, 1},
                                          ov::CoordinateDiff{1, 1}, ov::CoordinateDiff{1, 1}, ov::Strides{1, 1});
  }
  return Net(y, {x});
}

// Stopped at any time, with other sizes in between: the runs after are those of a session that was never stopped.
TEST(StoppedRuns, LeaveTheSessionSound) {
  const auto net = Loaded(Deep());
  OpenVinoSession session(net), other(net);
  const auto run = [&](OpenVinoSession& on, int64_t size, float value, std::stop_token stop) {
    auto* const values = static_cast<float*>(*on.InputBuffer(0, {1, 8, size, size}));
    std::fill_n(values, 8 * size * size, value);
    return on.Run(std::move(stop));
  };
  ASSERT_TRUE(run(session, 256, 1, {}).ok());
  int stopped = 0;
  for (int i = 0; i < 12; ++i) {
    const int64_t size = 192 + 64 * (i % 2);
    std::stop_source stop;
    std::atomic<bool> started{false};
    std::thread stopper([&] {
      while (!started) std::this_thread::yield();
      for (int spin = 0; spin < i * 100; ++spin) std::this_thread::yield();
      stop.request_stop();
    });
    started = true;
    const absl::Status status = run(session, size, 2, stop.get_token());
    stopper.join();
    EXPECT_TRUE(status.ok() || ReasonOf(status) == Reason::CANCELLED) << status;
    EXPECT_EQ(session.Output(0).ok(), status.ok());
    stopped += status.ok() ? 0 : 1;
    for (const int64_t next : {int64_t{64}, int64_t{192}}) {
      ASSERT_TRUE(run(session, next, static_cast<float>(i), {}).ok());
      ASSERT_TRUE(run(other, next, static_cast<float>(i), {}).ok());
      const auto seen = session.Output(0)->As<float>(), wanted = other.Output(0)->As<float>();
      ASSERT_TRUE(std::equal(seen.begin(), seen.end(), wanted.begin(), wanted.end())) << i << " of size " << next;
    }
  }
  EXPECT_GT(stopped, 0);
  EXPECT_EQ(net->budget().times(), 0) << "no copy was compiled anew";
}

// A net that fits none of the sizes that a warm-up tries takes no tensor of 17 GB for it.
TEST(FailingRuns, AWarmUpStaysSmall) {
  const auto x = Input("x", f32(), {-1, -1, -1, -1});
  const auto net =
      Loaded(Net(std::make_shared<op::Reshape>(x, Values<int64_t>(i64(), {1}, {7}), /*special_zero=*/false), {x}));
  OpenVinoSession session(net);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  const rlimit less = {rlim_t{16} << 30, before.rlim_max};
  const bool limited = !kSanitized && setrlimit(RLIMIT_AS, &less) == 0;
  EXPECT_TRUE(session.WarmUp().ok());
  if (limited) setrlimit(RLIMIT_AS, &before);
  EXPECT_TRUE(Ask(session, net->signature(), {Of<float>({1, 1, 1, 7}, Ones(7))}).ok());
}

}  // namespace
}  // namespace sluice
