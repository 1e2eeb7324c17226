#include "engine/openvino/tiles.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "engine/openvino/bodies.h"
#include "engine/openvino/request_values.h"
#include "openvino/core/graph_util.hpp"
#include "openvino/op/constant.hpp"
#include "openvino/op/select.hpp"
#include "openvino/op/tile.hpp"

namespace sluice {
namespace {

using ov::op::v0::Constant;
using ov::op::v0::Tile;

constexpr const char* kSplit = "sluice_split";  // on steps that need no other look
constexpr int64_t kAtOnce = 2;

bool NeedsSplit(const ov::Node& step) {
  if (!ov::is_type<Tile>(&step) || step.get_rt_info().contains(kSplit)) return false;
  if (ov::is_type<Constant>(step.get_input_node_ptr(1))) return false;
  const ov::Rank rank = step.get_output_partial_shape(0).rank();
  return rank.is_dynamic() || rank.get_length() > 3;
}

// `repeats` for the dimensions from `first` to before `last`, 1 for the others.
ov::Output<ov::Node> Some(const ov::Output<ov::Node>& repeats, int64_t count, int64_t first, int64_t last) {
  std::vector<bool> chosen(static_cast<size_t>(count));
  for (int64_t i = first; i < last; ++i) chosen[static_cast<size_t>(i)] = true;
  const ov::Shape shape = {chosen.size()};
  return std::make_shared<ov::op::v1::Select>(Constant::create(ov::element::boolean, shape, chosen), repeats,
                                              Constant::create(repeats.get_element_type(), {}, {1}));
}

absl::Status Split(const std::shared_ptr<ov::Node>& step) {
  const ov::PartialShape& shape = step->get_input_partial_shape(1);
  if (shape.rank().is_dynamic() || shape.size() != 1 || shape[0].is_dynamic()) {
    return Error(
        Reason::UNIMPLEMENTED,
        StrCat(StepName(*step), " repeats an open number of dimensions, which OpenVINO does not compute right"));
  }
  const int64_t count = shape[0].get_length();
  ov::Output<ov::Node> from = step->input_value(0);
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const auto part =
        std::make_shared<Tile>(from, Some(step->input_value(1), count, first, std::min(first + kAtOnce, count)));
    part->get_rt_info()[kSplit] = true;
    part->set_friendly_name(StrCat(step->get_friendly_name(), "/", first));
    from = part;
  }
  if (count == 0) return absl::OkStatus();
  from.get_node()->set_friendly_name(step->get_friendly_name());
  ov::replace_node(step, from.get_node_shared_ptr());
  return absl::OkStatus();
}

}  // namespace

absl::Status SplitTiles(ov::Model& model) {
  for (const auto& step : model.get_ordered_ops()) {
    if (NeedsSplit(*step)) RETURN_IF_ERROR(Split(step));
    for (const auto& body : BodiesOf(*step)) RETURN_IF_ERROR(SplitTiles(*body));
  }
  return absl::OkStatus();
}

}  // namespace sluice
