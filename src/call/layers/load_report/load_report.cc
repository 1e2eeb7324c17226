#include "call/layers/load_report/load_report.h"

#include <array>
#include <cstdio>

#include "absl/strings/match.h"
#include "base/strings.h"
#include "call/call.h"

namespace sluice {
namespace {

constexpr std::string_view kAsked = "endpoint-load-metrics-format";
constexpr std::string_view kReport = "endpoint-load-metrics";
constexpr const char* kText = "TEXT application_utilization=%.3f,rps_fractional=%.1f";
constexpr const char* kJson = R"(JSON {"application_utilization":%.3f,"rps_fractional":%.1f})";

}  // namespace

void LoadReportLayer::OnAnswer(Call& call, const Message&) {
  const auto asked = call.headers().Find(kAsked);
  if (!asked || call.response_headers().Find(kReport)) return;
  const bool json = absl::EqualsIgnoreCase(ToAbsl(*asked), "json");
  if (!json && !absl::EqualsIgnoreCase(ToAbsl(*asked), "text")) return;
  std::array<char, 128> report{};
  std::snprintf(report.data(), report.size(), json ? kJson : kText, load_.busy.load(), load_.calls_per_s.load());
  call.response_headers().Add(kReport, report.data());
}

}  // namespace sluice
