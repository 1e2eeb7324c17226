#include "base/log/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>

#include "base/log/line_log.h"
#include "base/text.h"

namespace sluice {
namespace {

void AppendValue(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    AppendJsonString(*text, out);
  } else if (const auto* flag = std::get_if<bool>(&field.value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.6g}", std::get<double>(field.value));
  }
}

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

std::atomic<LineLog*> background{nullptr};  // never deleted: whatever ends later may still log

class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    std::string line(msg.payload.data(), msg.payload.size());
    if (LineLog* lines = background.load(std::memory_order_acquire)) return lines->Append(line);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override {}
};

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("sluice", std::make_shared<StderrSink>());
  return *logger;
}

void Write(spdlog::level::level_enum level, std::string_view name, std::string_view event, LogFields fields) {
  const std::string line = FormatLogLine(Timestamp(), name, event, fields);
  Logger().log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

std::string FormatLogLine(std::string_view timestamp, std::string_view level, std::string_view event,
                          LogFields fields) {
  std::string line = R"({"timestamp":)";
  AppendJsonString(timestamp, line);
  line += R"(,"level":)";
  AppendJsonString(level, line);
  line += R"(,"event":)";
  AppendJsonString(event, line);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(field.name, line);
    line += ':';
    AppendValue(line, field);
  }
  line += '}';
  return line;
}

void LogInfo(std::string_view event, LogFields fields) { Write(spdlog::level::info, "info", event, fields); }
void LogWarning(std::string_view event, LogFields fields) { Write(spdlog::level::warn, "warning", event, fields); }
void LogError(std::string_view event, LogFields fields) { Write(spdlog::level::err, "error", event, fields); }

void SetLogLevel(LogLevel least) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  Logger().set_level(kLevels[static_cast<int>(least)]);
}

void LogInBackground() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto note = [](uint64_t lost) {
      return FormatLogLine(Timestamp(), "warning", "log.lines_lost", {{"lines", lost}});
    };
    background = new LineLog(STDERR_FILENO, {.gather = Duration::zero(), .note = note});
  });
}

void FlushLog(Duration at_most) {
  if (LineLog* lines = background.load()) lines->Flush(at_most);
}

uint64_t LogLinesLost() {
  const LineLog* lines = background.load();
  return lines == nullptr ? 0 : lines->lost();
}

}  // namespace sluice
