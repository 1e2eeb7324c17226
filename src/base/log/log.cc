#include "base/log/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log/line_log.h"
#include "base/rfc3339.h"
#include "base/text.h"

namespace sluice {
namespace {

void AppendValue(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    AppendJsonString(*text, out);
  } else if (const auto* flag = std::get_if<bool>(&field.value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
    absl::StrAppend(&out, *number);
  } else {
    absl::StrAppend(&out, std::get<double>(field.value));  // six digits
  }
}

std::string Timestamp() { return FormatRfc3339(SystemClock().WallNow()); }

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
  static auto* const logger = new spdlog::logger("sluice", std::make_shared<StderrSink>());  // as Guarded()
  return *logger;
}

// Modules that may have a level of their own: what clients set stays bounded.
constexpr size_t kModulesMax = 64, kModuleBytesMax = 64;

struct GuardedLevels {
  std::mutex mutex;
  LogLevels levels;  // guarded by mutex
};
GuardedLevels& Guarded() {
  static auto* const guarded = new GuardedLevels;  // never deleted: whatever ends later may still log
  return *guarded;
}

bool IsShown(LogLevel level, std::string_view event) {
  const std::lock_guard lock(Guarded().mutex);
  const LogLevels& levels = Guarded().levels;
  if (levels.modules.empty()) return level >= levels.all;
  const auto module = levels.modules.find(event.substr(0, event.find('.')));
  return level >= (module == levels.modules.end() ? levels.all : module->second);
}

void Write(LogLevel level, std::string_view event, LogFields fields) {
  if (!IsShown(level, event)) return;
  const std::string line = FormatLogLine(Timestamp(), ToString(level), event, fields);
  Logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
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

void LogInfo(std::string_view event, LogFields fields) { Write(LogLevel::kInfo, event, fields); }
void LogWarning(std::string_view event, LogFields fields) { Write(LogLevel::kWarning, event, fields); }
void LogError(std::string_view event, LogFields fields) { Write(LogLevel::kError, event, fields); }

std::string_view ToString(LogLevel level) {
  static constexpr std::string_view kNames[] = {"info", "warning", "error"};
  return kNames[static_cast<int>(level)];
}

std::optional<LogLevel> LogLevelNamed(std::string_view name) {
  for (const LogLevel level : {LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (ToString(level) == name) return level;
  }
  return std::nullopt;
}

void SetLogLevel(LogLevel least) {
  const std::lock_guard lock(Guarded().mutex);
  Guarded().levels.all = least;
}

absl::Status SetLogLevelOf(std::string_view module, std::optional<LogLevel> least) {
  const bool name =
      std::all_of(module.begin(), module.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (!name || module.empty() || module.size() > kModuleBytesMax) {
    return FieldError(Reason::INVALID_REQUEST, "module",
                      "module must be the first word of an event: model for lines of \"model.serving\"");
  }
  const std::lock_guard lock(Guarded().mutex);
  LogLevels& levels = Guarded().levels;
  const auto at = levels.modules.find(module);
  if (!least) {
    if (at != levels.modules.end()) levels.modules.erase(at);
  } else if (at != levels.modules.end()) {
    at->second = *least;
  } else if (levels.modules.size() == kModulesMax) {
    return Error(Reason::INVALID_REQUEST, "64 modules have a level of their own; set one of them to default first");
  } else {
    levels.modules.emplace(module, *least);
  }
  return absl::OkStatus();
}

LogLevels GetLogLevels() {
  const std::lock_guard lock(Guarded().mutex);
  return Guarded().levels;
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
