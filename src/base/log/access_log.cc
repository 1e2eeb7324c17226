#include "base/log/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/rfc3339.h"
#include "base/strings.h"

namespace sluice {
namespace {

std::string Note(uint64_t lost) {
  return StrCat("{\"timestamp\":\"", FormatRfc3339(SystemClock().WallNow()),
                "\",\"event\":\"access_log.lines_lost\",\"lines\":", lost, "}");
}

LineLog::Options LinesOf(const AccessLog::Options& options) {
  return {.patience = options.patience, .waits = options.waits, .note = Note};
}

}  // namespace

AccessLog::AccessLog(int fd, const Options& options) { lines_.emplace(fd, LinesOf(options)); }

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& where, const Options& options) {
  if (where == "off") return std::make_unique<AccessLog>();
  if (where == "stdout") return std::make_unique<AccessLog>(STDOUT_FILENO, options);
  if (where == "stderr") return std::make_unique<AccessLog>(STDERR_FILENO, options);
  const int fd = open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return Error(Reason::INVALID_REQUEST, StrCat("logs.access: cannot open ", where, " for writing"));
  auto log = std::make_unique<AccessLog>();
  LineLog::Options lines = LinesOf(options);
  lines.path = where;
  log->lines_.emplace(fd, std::move(lines));
  return log;
}

}  // namespace sluice
