// The server's log: one JSON line per event on stderr, for an operator to act on. Thread-safe.
//
//   LogError("tls.reload_failed", {{"file", path}, {"error", text}});
//
// `event` is a constant like "room.what_happened"; what varies goes into fields. Never request data.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "base/clock.h"

namespace sluice {

struct LogField {
  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, std::integral auto v) : name(n), value(static_cast<int64_t>(v)) {}
  LogField(std::string_view n, std::floating_point auto v) : name(n), value(static_cast<double>(v)) {}

  std::string_view name;
  std::variant<std::string_view, int64_t, double, bool> value;  // views live until the Log call returns
};

using LogFields = std::initializer_list<LogField>;

void LogInfo(std::string_view event, LogFields fields = {});
void LogWarning(std::string_view event, LogFields fields = {});
void LogError(std::string_view event, LogFields fields = {});

enum class LogLevel { kInfo, kWarning, kError };
std::string_view ToString(LogLevel level);
// "info", "warning", "error".
std::optional<LogLevel> LogLevelNamed(std::string_view name);
// Lines below are not written. Any thread; kInfo until then.
void SetLogLevel(LogLevel least);
// The same for the lines of one module: those whose event begins with its name and a dot. Nothing: as all others. An
// error, for a client, when there are too many, or it is no name.
absl::Status SetLogLevelOf(std::string_view module, std::optional<LogLevel> least);
struct LogLevels {
  LogLevel all = LogLevel::kInfo;
  std::map<std::string, LogLevel, std::less<>> modules = {};
};
LogLevels GetLogLevels();

// From now on a thread of its own writes, and a reader of stderr that stalls stops nobody: lines are lost then,
// counted, and the next one that is written says how many. Until then each call writes by itself. Once; stays so until
// the end.
void LogInBackground();
// Waits until what was logged is written, at most so long: before the process ends.
void FlushLog(Duration at_most);
// Lines that were not written, so far.
uint64_t LogLinesLost();

// The line without its end, as written; `level` is "info", "warning" or "error". Pure, for tests.
std::string FormatLogLine(std::string_view timestamp, std::string_view level, std::string_view event, LogFields fields);

}  // namespace sluice
