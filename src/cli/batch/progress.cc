#include "cli/batch/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kBar = 24;

std::string Left(double seconds) {
  if (seconds < 100) return absl::StrFormat("%.0f s left", std::ceil(seconds));
  if (seconds < 6000) return absl::StrFormat("%.0f min left", std::ceil(seconds / 60));
  return absl::StrFormat("%.1f h left", seconds / 3600);
}

}  // namespace

std::string ProgressLine(const Progress& progress) {
  const uint64_t total = std::max<uint64_t>(progress.total, 1), done = std::min(progress.done, total);
  const uint64_t full = progress.total == 0 ? kBar : done * kBar / total;
  std::string line = absl::StrFormat("[%s%s] %3d%%  %d/%d", std::string(full, '#'), std::string(kBar - full, '-'),
                                     progress.total == 0 ? 100 : done * 100 / total, done, progress.total);
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  const auto fresh = static_cast<double>(progress.done - progress.resumed);
  if (seconds > 0 && fresh > 0) {
    const double rate = fresh / seconds;
    line += rate < 10 ? absl::StrFormat(", %.1f/s", rate) : absl::StrFormat(", %.0f/s", rate);
    if (done < progress.total) line += ", " + Left(static_cast<double>(progress.total - done) / rate);
  }
  if (progress.rejected > 0) line += absl::StrFormat(", %d rejected", progress.rejected);
  return line;
}

}  // namespace sluice::cli
