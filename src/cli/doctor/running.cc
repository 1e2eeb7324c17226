#include "cli/doctor/running.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "cli/http_client.h"

namespace sluice::cli::doctor {
namespace {

// A sample that should not be what it is.
struct Symptom {
  const char* metric;
  bool (*is_bad)(double value);
  Finding::Level level;
  const char* text;
  const char* to_do;
};

bool IsPositive(double value) { return value > 0; }
bool IsZero(double value) { return value == 0; }
bool IsOpen(double value) { return value == 2; }
bool IsFull(double value) { return value > 0.95; }

constexpr Symptom kSymptoms[] = {
    {"ai_inference_log_lines_dropped_total", IsPositive, Finding::Level::kHint, "log lines were lost",
     "see what reads the log, and its disk"},
    {"ai_inference_config_reload_success", IsZero, Finding::Level::kProblem,
     "a changed file was refused, the old one is in force", "GET /debug/config says why"},
    {"ai_inference_breaker_state", IsOpen, Finding::Level::kProblem, "a breaker is open",
     "GET /api/v1/breakers says why"},
    {"ai_inference_traces_dropped_total", IsPositive, Finding::Level::kHint, "spans were lost",
     "see tracing.endpoint and its collector"},
    {"ai_inference_worker_utilization", IsFull, Finding::Level::kHint, "a worker is busy all the time",
     "more CPUs or replicas, if all of them are"},
};

}  // namespace

Findings CheckMetrics(std::string_view page) {
  Findings findings;
  for (const auto part : absl::StrSplit(ToAbsl(page), '\n', absl::SkipEmpty())) {
    const std::string_view line = ToStd(part);
    const size_t space = line.rfind(' ');
    double value = 0;
    if (line.starts_with('#') || space == std::string_view::npos ||
        !absl::SimpleAtod(ToAbsl(line.substr(space + 1)), &value)) {
      continue;
    }
    for (const Symptom& symptom : kSymptoms) {
      const std::string_view name = line.substr(0, line.find_first_of("{ "));
      if (name != symptom.metric || !symptom.is_bad(value)) continue;
      findings.push_back({symptom.level, "metrics", StrCat(symptom.text, ": ", line), symptom.to_do});
    }
  }
  if (findings.empty()) findings.push_back(Good("metrics", "nothing alarming"));
  return findings;
}

Findings CheckRunning(const std::string& server) {
  const absl::Duration patience = absl::Seconds(5);
  const auto health = HttpGet(server, "/healthz", patience);
  if (!health.ok()) return {Problem("server", std::string(health.status().message()), "start it, or name its address")};
  Findings findings = {Good("server", StrCat(server, " answers"))};
  const auto ready = HttpGet(server, "/readyz", patience);
  if (ready.ok() && ready->status != 200) {
    const std::string why(absl::StripAsciiWhitespace(ready->body));
    findings.push_back(Problem("server", "not ready: " + why, "GET /debug/models says what is served"));
  }
  const auto metrics = HttpGet(server, "/metrics", patience);
  if (!metrics.ok() || metrics->status != 200) {
    findings.push_back(Hint("metrics", "this listener does not show them", "ask one that exposes metrics"));
    return findings;
  }
  for (Finding& finding : CheckMetrics(metrics->body)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace sluice::cli::doctor
