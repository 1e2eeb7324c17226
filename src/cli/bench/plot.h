// Goodput against offered load as a drawing (SVG), both as multiples of the capacity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::cli::bench {

struct Curve {
  std::string name;
  struct Point {
    double offered = 0, goodput = 0;  // of the capacity
  };
  std::vector<Point> points;
};

// The offered load is drawn on a logarithmic axis, and a dashed line shows what could be had at best.
std::string PlotOf(std::string_view title, const std::vector<Curve>& curves);

// A curve from the JSON of an earlier run (--json).
absl::StatusOr<Curve> CurveOf(std::string name, const std::string& json);

}  // namespace sluice::cli::bench
