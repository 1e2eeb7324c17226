#include "cli/bench/plot.h"

#include <absl/strings/str_format.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/strings.h"
#include "json/reader.h"

namespace sluice::cli::bench {
namespace {

using absl::StrAppendFormat;

constexpr double kWidth = 720, kHeight = 380, kLeft = 64, kRight = 24, kTop = 66, kBottom = 56;
constexpr const char* kColours[] = {"#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626"};
constexpr double kTicks[] = {0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 50, 100};

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

class Axes {
 public:
  explicit Axes(const std::vector<Curve>& curves) {
    for (const Curve& curve : curves) {
      for (const Curve::Point& point : curve.points) {
        if (point.offered <= 0) continue;
        from_ = std::min(from_, point.offered);
        to_ = std::max(to_, point.offered);
        top_ = std::max(top_, point.goodput * 1.05);
      }
    }
  }
  double from() const { return from_; }
  double to() const { return to_; }
  double top() const { return top_; }
  double X(double offered) const {
    return kLeft + std::log(offered / from_) / std::log(to_ / from_) * (kWidth - kLeft - kRight);
  }
  double Y(double goodput) const { return kHeight - kBottom - goodput / top_ * (kHeight - kTop - kBottom); }

 private:
  double from_ = 0.5, to_ = 2, top_ = 1.1;
};

std::string Text(double x, double y, const char* anchor, std::string_view text, std::string_view more = {}) {
  return StrCat("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\"", more, ">", Escaped(text),
                "</text>\n");
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view style) {
  return absl::StrFormat("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2,
                         std::string(style));
}

std::string Grid(const Axes& axes) {
  constexpr std::string_view kThin = "stroke=\"#8884\"";
  std::string out;
  const int lines = static_cast<int>(axes.top() * 5 + 1e-6);
  for (int line = 0; line <= lines; ++line) {
    const double y = line / 5.0;
    out += Line(kLeft, axes.Y(y), kWidth - kRight, axes.Y(y), kThin);
    out += Text(kLeft - 8, axes.Y(y) + 4, "end", absl::StrFormat("%.1f", y));
  }
  for (const double x : kTicks) {
    if (x < axes.from() || x > axes.to()) continue;
    out += Line(axes.X(x), kTop, axes.X(x), kHeight - kBottom, kThin);
    out += Text(axes.X(x), kHeight - kBottom + 18, "middle", absl::StrFormat("%g×", x));
  }
  out += Text((kLeft + kWidth - kRight) / 2, kHeight - 14, "middle", "offered load, multiples of the capacity");
  out += Text(0, 0, "middle", "goodput / capacity",
              absl::StrFormat(" transform=\"translate(18 %.0f) rotate(-90)\"", (kTop + kHeight - kBottom) / 2));
  return out;
}

std::string Polyline(const Axes& axes, const std::vector<Curve::Point>& points, std::string_view style) {
  std::string out = "<polyline fill=\"none\" points=\"";
  for (const auto& [offered, goodput] : points) StrAppendFormat(&out, "%.1f,%.1f ", axes.X(offered), axes.Y(goodput));
  if (!points.empty()) out.pop_back();
  return StrCat(out, "\" ", style, "/>\n");
}

std::string Drawn(const Axes& axes, const Curve& curve, size_t index) {
  const char* colour = kColours[index % std::size(kColours)];
  std::vector<Curve::Point> points = curve.points;
  std::erase_if(points, [](const Curve::Point& point) { return point.offered <= 0; });
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.offered < b.offered; });
  std::string out = Polyline(axes, points, StrCat("stroke=\"", colour, "\" stroke-width=\"2.5\""));
  for (const auto& [offered, goodput] : points) {
    StrAppendFormat(&out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", axes.X(offered), axes.Y(goodput),
                    colour);
  }
  return out;
}

// In one row under the title; a character is taken to be so wide.
std::string Legend(const std::vector<Curve>& curves) {
  constexpr double kCharacter = 7.2, kSwatch = 24, y = 48;
  std::string out;
  double x = kLeft;
  for (size_t i = 0; i < curves.size(); ++i) {
    const std::string_view colour = kColours[i % std::size(kColours)];
    out += Line(x, y - 4, x + kSwatch, y - 4, StrCat("stroke=\"", colour, "\" stroke-width=\"2.5\""));
    out += Text(x + kSwatch + 8, y, "start", curves[i].name);
    x += kSwatch + 28 + kCharacter * static_cast<double>(curves[i].name.size());
  }
  return out;
}

// As much as is offered, up to the capacity; a curve, for the axis is logarithmic.
std::vector<Curve::Point> AtBest(const Axes& axes) {
  constexpr int kSteps = 16;
  std::vector<Curve::Point> points;
  const double end = std::min(1.0, axes.to());
  for (int i = 0; i <= kSteps && axes.from() < end; ++i) {
    const double x = axes.from() * std::pow(end / axes.from(), static_cast<double>(i) / kSteps);
    points.push_back({x, x});
  }
  points.push_back({axes.to(), std::min(1.0, axes.to())});
  return points;
}

double NumberAt(const google::protobuf::Struct& object, const char* name) {
  const auto it = object.fields().find(name);
  return it == object.fields().end() ? 0 : it->second.number_value();
}

}  // namespace

std::string PlotOf(std::string_view title, const std::vector<Curve>& curves) {
  const Axes axes(curves);
  std::string out = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"13\" "
      "fill=\"#777\">\n",
      kWidth, kHeight);
  out += Text(kLeft, 24, "start", title, " font-size=\"15\"");
  out += Legend(curves);
  out += Grid(axes);
  out += Polyline(axes, AtBest(axes), "stroke=\"#777\" stroke-dasharray=\"5 4\"");
  for (size_t i = 0; i < curves.size(); ++i) out += Drawn(axes, curves[i], i);
  return out + "</svg>\n";
}

absl::StatusOr<Curve> CurveOf(std::string name, const std::string& json) {
  google::protobuf::Struct run;
  RETURN_IF_ERROR(json::JsonToMessage(json, run));
  const double capacity = NumberAt(run, "capacity_per_s");
  const auto steps = run.fields().find("steps");
  if (capacity <= 0 || steps == run.fields().end()) {
    return Error(Reason::INVALID_REQUEST, StrCat(name, ": not a run with a capacity, as --json writes it"));
  }
  Curve curve{.name = std::move(name)};
  for (const auto& step : steps->second.list_value().values()) {
    const auto& object = step.struct_value();
    const double its_own = NumberAt(object, "capacity_per_s");
    const double unit = its_own > 0 ? its_own : capacity;
    curve.points.push_back({NumberAt(object, "offered_per_s") / unit, NumberAt(object, "goodput_per_s") / unit});
  }
  return curve;
}

}  // namespace sluice::cli::bench
