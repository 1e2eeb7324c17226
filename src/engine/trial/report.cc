#include "engine/trial/report.h"

#include <algorithm>
#include <cmath>

#include "base/dtype.h"
#include "base/text.h"
#include "engine/bytes.h"

namespace sluice::trial {
namespace {

namespace wire = ai::inference::trial;

bool Sane(const wire::Run& run) {
  return run.outputs_size() <= kOutputsMax &&
         std::all_of(run.outputs().begin(), run.outputs().end(), [](const wire::Output& output) {
           return output.dtype() >= 0 && output.dtype() <= static_cast<int>(DType::kBytes) &&
                  output.shape_size() <= kDimsMax && output.sample().size() <= kSampleBytesMax;
         });
}

bool Sane(const wire::Tensor& tensor) { return tensor.shape_size() <= kDimsMax && tensor.name().size() <= 1024; }

bool Sane(double number) { return std::isfinite(number) && number >= 0; }

bool Sane(const Report& report) {
  const auto sane = [](const auto& one) { return Sane(one); };
  return report.runs_size() <= kRunsMax && report.inputs_size() <= kTensorsMax &&
         report.outputs_size() <= kTensorsMax && Sane(report.us_a_run()) && Sane(report.load_ms()) &&
         std::all_of(report.runs().begin(), report.runs().end(), sane) &&
         std::all_of(report.inputs().begin(), report.inputs().end(), sane) &&
         std::all_of(report.outputs().begin(), report.outputs().end(), sane);
}

}  // namespace

std::string Piece(const Report& report) {
  std::string piece;
  AppendBytes(report.SerializeAsString(), piece);
  return piece;
}

std::optional<Report> ParseReport(std::string_view bytes) {
  Report report;
  std::string_view piece;
  if (bytes.size() > kReportBytesMax) return std::nullopt;
  while (TakeBytes(bytes, piece)) {
    Report more;
    if (!more.ParseFromArray(piece.data(), static_cast<int>(piece.size()))) return std::nullopt;
    report.MergeFrom(more);
    if (!Sane(report)) return std::nullopt;
  }
  report.set_reason(Excerpt(report.reason(), kReasonBytesMax));
  report.set_version(Excerpt(report.version(), 64));
  return report;
}

}  // namespace sluice::trial
