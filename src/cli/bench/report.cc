#include "cli/bench/report.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "base/strings.h"
#include "json/text.h"

namespace sluice::cli::bench {
namespace {

using absl::StrAppendFormat;

double Seconds(Duration d) { return ToMs(d) / 1e3; }

constexpr double kQuantiles[] = {0.5, 0.9, 0.99, 0.999};
constexpr const char* kQuantileNames[] = {"p50", "p90", "p99", "p999"};

std::string Quoted(std::string_view text) {
  std::string out;
  json::AppendQuoted(text, out);
  return out;
}

std::string Latencies(const Histogram& histogram) {
  std::string out = "{";
  for (size_t i = 0; i < std::size(kQuantiles); ++i) {
    StrAppendFormat(&out, "\"%s\":%.3f,", kQuantileNames[i], ToMs(histogram.Quantile(kQuantiles[i])));
  }
  StrAppendFormat(&out, "\"max\":%.3f}", ToMs(histogram.max()));
  return out;
}

// Members without braces.
std::string Members(const Tally& tally, double seconds) {
  std::string out = absl::StrFormat(
      "\"offered\":%d,\"sent\":%d,\"unsent\":%d,\"ok\":%d,\"late\":%d,\"refused\":%d,\"failed\":%d,\"retries\":%d,"
      "\"goodput_per_s\":%.2f",
      tally.offered, tally.sent, tally.unsent, tally.ok, tally.late, tally.refused, tally.failed, tally.retries,
      static_cast<double>(tally.ok) / seconds);
  absl::StrAppend(&out, ",\"ok_ms\":", Latencies(tally.ok_took), ",\"refused_ms\":", Latencies(tally.refused_took),
                  ",\"lag_ms\":", Latencies(tally.lag));
  return out;
}

std::string Parts(const char* name, const std::vector<Share>& shares, const std::vector<Tally>& tallies,
                  double seconds) {
  if (shares.size() < 2) return "";
  std::string out = StrCat(",\"", name, "\":{");
  for (size_t i = 0; i < shares.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : ",", Quoted(shares[i].name), ":{", Members(tallies[i], seconds), "}");
  }
  return out + "}";
}

std::string CpuMembers(const StepReport& step, int cores) {
  std::string out = absl::StrFormat(",\"generator_cpu_s\":%.3f,\"generator_cpu_share\":%.4f", Seconds(step.cpu.own),
                                    Seconds(step.cpu.own) / (Seconds(step.cpu_over) * cores));
  if (step.cpu.server.empty()) return out;
  out += ",\"server_cpu_s\":{";
  const char* comma = "";
  for (const auto& [name, time] : step.cpu.server) {
    absl::StrAppend(&out, comma, Quoted(name), ":", absl::StrFormat("%.3f", Seconds(time)));
    comma = ",";
  }
  return out + "}";
}

std::string StepJson(const RunReport& run, const StepReport& step) {
  const double seconds = Seconds(step.step->lasts);
  std::string out = StrCat("{\"name\":", Quoted(step.step->name));
  StrAppendFormat(&out, ",\"offered_per_s\":%.2f,\"seconds\":%.3f,\"capacity_per_s\":%.2f,", step.step->per_second,
                  seconds, step.step->capacity);
  absl::StrAppend(&out, Members(step.result->all, seconds), CpuMembers(step, run.cores),
                  Parts("classes", run.load->classes, step.result->classes, seconds),
                  Parts("principals", run.load->principals, step.result->principals, seconds), "}");
  return out;
}

std::string Timeline(const RunReport& run) {
  if (run.windows->empty()) return "";
  std::string out = absl::StrFormat(
      ",\n\"timeline\":{\"window_ms\":%.0f,\"columns\":[\"offered\",\"ok\",\"late\",\"refused\",\"failed\","
      "\"slowest_ok_ms\"],\"windows\":[",
      ToMs(run.window));
  const char* comma = "";
  for (const Window& w : *run.windows) {
    StrAppendFormat(&out, "%s[%d,%d,%d,%d,%d,%.1f]", comma, w.offered, w.ok, w.late, w.refused, w.failed,
                    ToMs(w.slowest_ok));
    comma = ",";
  }
  return out + "]}";
}

std::string Ms(const Histogram& histogram, double share) {
  if (histogram.count() == 0) return "-";
  const double ms = ToMs(histogram.Quantile(share));
  return ms < 10 ? absl::StrFormat("%.2f", ms) : absl::StrFormat("%.0f", ms);
}

std::string Row(std::string_view name, const Tally& t, const StepReport& step) {
  const double capacity = step.step->capacity;
  const double goodput = static_cast<double>(t.ok) / Seconds(step.step->lasts);
  const std::string ratio = capacity > 0 ? absl::StrFormat("%.3f", goodput / capacity) : "-";
  return absl::StrFormat("%-18s%9d%9d%9d%8d%9d%8d%8d%10.1f%8s%9s%9s%9s%9s", std::string(name), t.offered, t.sent, t.ok,
                         t.late, t.refused, t.failed, t.unsent, goodput, ratio, Ms(t.ok_took, 0.5), Ms(t.ok_took, 0.99),
                         Ms(t.refused_took, 0.99), Ms(t.lag, 0.99));
}

std::string Percent(Duration cpu, const StepReport& step, int cores) {
  return absl::StrFormat("%.0f %%", 100 * Seconds(cpu) / (Seconds(step.cpu_over) * cores));
}

}  // namespace

double GoodputOf(const StepReport& step) {
  return static_cast<double>(step.result->all.ok) / Seconds(step.step->lasts);
}

double CapacityOf(const RunReport& run) {
  std::vector<double> each;
  for (const StepReport& step : run.steps) each.push_back(step.step->capacity);
  if (each.empty()) return 0;
  std::nth_element(each.begin(), each.begin() + each.size() / 2, each.end());
  return each[each.size() / 2];
}

std::string TableOf(const RunReport& run) {
  std::string out = StrCat(run.date, "  ", run.machine, ", ", run.cores, " cores\n", run.what, "\n");
  if (const double capacity = CapacityOf(run); capacity > 0)
    StrAppendFormat(&out, "capacity, in a closed loop (median): %.1f calls/s\n", capacity);
  out += absl::StrFormat("\n%-18s%9s%9s%9s%8s%9s%8s%8s%10s%8s%9s%9s%9s%9s%11s%8s\n", "", "offered", "sent", "ok",
                         "late", "refused", "failed", "unsent", "goodput/s", "ratio", "ok P50", "ok P99", "ref. P99",
                         "lag P99", "generator", "server");
  for (const StepReport& step : run.steps) {
    const auto server = step.cpu.server.find("all");
    absl::StrAppend(&out, Row(step.step->name, step.result->all, step),
                    absl::StrFormat("%11s%8s\n", Percent(step.cpu.own, step, run.cores),
                                    server == step.cpu.server.end() ? "-" : Percent(server->second, step, run.cores)));
    const auto parts = [&](const std::vector<Share>& shares, const std::vector<Tally>& tallies) {
      for (size_t i = 0; shares.size() > 1 && i < shares.size(); ++i) {
        absl::StrAppend(&out, Row("  " + shares[i].name, tallies[i], step), "\n");
      }
    };
    parts(run.load->classes, step.result->classes);
    parts(run.load->principals, step.result->principals);
  }
  return out +
         "latencies in ms, from when a call should have begun; ratio: goodput over capacity; CPU as a share of the "
         "machine\n";
}

std::string JsonOf(const RunReport& run) {
  std::string out = StrCat("{\"what\":", Quoted(run.what), ",\"date\":", Quoted(run.date),
                           ",\"machine\":", Quoted(run.machine), ",\"cores\":", run.cores);
  StrAppendFormat(&out, ",\"capacity_per_s\":%.2f,\"deadline_ms\":%.3f,\n\"steps\":[", CapacityOf(run),
                  ToMs(run.deadline));
  for (size_t i = 0; i < run.steps.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "\n" : ",\n", StepJson(run, run.steps[i]));
  }
  return out + "]" + Timeline(run) + "}\n";
}

}  // namespace sluice::cli::bench
