#include <cmath>

#include "engine/openvino/testing/graphs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace graphs;  // NOLINT: the vocabulary of this test
using Repeats = std::vector<int64_t>;

// What a run answers: x is 0, 1, 2, … of that shape.
std::vector<float> Tiled(Session& session, const ModelSignature& signature, const ov::Shape& shape,
                         const Repeats& repeats) {
  std::vector<float> x(ov::shape_size(shape));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  const absl::Status status = Ask(session, signature, {Of(shape, x), Of({repeats.size()}, repeats)});
  EXPECT_TRUE(status.ok()) << status;
  const auto y = session.Output(0);
  return y.ok() ? std::vector<float>(y->As<float>().begin(), y->As<float>().end()) : std::vector<float>();
}

// `shape` has as many dimensions as there are repeats.
std::vector<float> Right(const ov::Shape& shape, const Repeats& repeats) {
  ov::Shape sizes = shape;
  for (size_t i = 0; i < sizes.size(); ++i) sizes[i] *= static_cast<size_t>(repeats[i]);
  std::vector<float> y(ov::shape_size(sizes));
  for (size_t place = 0; place < y.size(); ++place) {
    size_t rest = place, stride = 1, from = 0;
    for (size_t i = sizes.size(); i-- > 0; stride *= shape[i], rest /= sizes[i]) {
      from += rest % sizes[i] % shape[i] * stride;
    }
    y[place] = static_cast<float>(from);
  }
  return y;
}

TEST(TilesTest, AnyDimensionsAreRepeatedByARequest) {
  const std::vector<std::pair<ov::Shape, Repeats>> cases = {
      {{2, 3, 4, 5}, {7, 6, 4, 2}},
      {{2, 3, 4, 5}, {1, 2, 2, 2}},
      {{1, 2, 1, 2}, {3, 3, 3, 3}},
      {{2, 3, 4, 5}, {1, 0, 2, 2}},
      {{2, 2, 2, 2, 2, 2}, {2, 3, 2, 3, 2, 3}},
      {{2, 3, 2, 3, 2}, {3, 2, 1, 2, 3}},
  };
  for (const auto& [shape, repeats] : cases) {
    const auto x = Input("x", ov::element::f32, std::vector<ov::Dimension>(shape.size(), -1));
    const auto r = Input("r", ov::element::i64, {static_cast<int64_t>(shape.size())});
    const auto net = Loaded(Net(std::make_shared<op::Tile>(x, r), {x, r}));
    OpenVinoSession session(net);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(Tiled(session, net->signature(), shape, repeats), Right(shape, repeats));
  }
}

TEST(TilesTest, FewerRepeatsThanDimensions) {
  const auto x = Input("x", ov::element::f32, {-1, -1, -1, -1}), r = Input("r", ov::element::i64, {3});
  const auto net = Loaded(Net(std::make_shared<op::Tile>(x, r), {x, r}));
  OpenVinoSession session(net);
  EXPECT_EQ(Tiled(session, net->signature(), {2, 3, 4, 5}, {2, 2, 2}), Right({2, 3, 4, 5}, {1, 2, 2, 2}));
}

}  // namespace
}  // namespace sluice
