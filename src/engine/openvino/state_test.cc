// Variables of a net start anew with each request.
#include "engine/openvino/testing/graphs.h"
#include "gtest/gtest.h"
#include "openvino/op/assign.hpp"
#include "openvino/op/read_value.hpp"
#include "openvino/op/util/variable.hpp"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test

// y = x + all the xs before, from `start` on.
std::shared_ptr<ov::Model> RunningSum(const ov::PartialShape& shape) {
  const auto x = Input("x", ov::element::f32, shape);
  const auto variable =
      std::make_shared<ov::op::util::Variable>(ov::op::util::VariableInfo{shape, ov::element::f32, "sum"});
  const auto start = std::make_shared<op::Multiply>(x, Values<float>(ov::element::f32, {1}, {10}));
  const auto before = std::make_shared<ov::op::v6::ReadValue>(start, variable);
  const auto sum = std::make_shared<op::Add>(x, before);
  const auto keep = std::make_shared<ov::op::v6::Assign>(sum, variable);
  auto model = Net(sum, {x});
  model->add_sinks({keep});
  model->add_variables({variable});
  return model;
}

TEST(State, IsNoPartOfTheNextRequest) {
  for (const ov::PartialShape& shape : {ov::PartialShape{1}, ov::PartialShape{-1}}) {
    const auto net = Loaded(RunningSum(shape));
    ASSERT_TRUE(net->has_state());
    OpenVinoSession session(net);
    EXPECT_TRUE(session.WarmUp().ok());
    for (const float value : {1.0f, 2.0f, 1.0f, 5.0f}) {
      ASSERT_TRUE(Ask(session, net->signature(), {Of<float>({1}, {value})}).ok());
      EXPECT_FLOAT_EQ(session.Output(0)->As<float>()[0], 11 * value);
    }
  }
}

}  // namespace
}  // namespace sluice
