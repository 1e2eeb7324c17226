#include "base/log/access_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

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
  const int fd = LineLog::OpenFile(where);
  if (fd < 0) {
    const char* const why = errno == ENXIO ? "nobody reads the pipe" : std::strerror(errno);
    return Error(Reason::INVALID_REQUEST, StrCat("logs.access: cannot open ", where, " for writing: ", why));
  }
  auto log = std::make_unique<AccessLog>();
  LineLog::Options lines = LinesOf(options);
  lines.path = where;
  log->lines_.emplace(fd, std::move(lines));
  return log;
}

}  // namespace sluice
