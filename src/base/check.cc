#include "base/check.h"

#include <cstdlib>

#include "base/log/log.h"

namespace sluice {

void CheckFailed(std::string_view condition, std::string_view file, int line, std::string_view detail) {
  LogError("check.failed", {{"condition", condition}, {"file", file}, {"line", line}, {"detail", detail}});
  FlushLog(std::chrono::seconds(1));
  std::abort();
}

}  // namespace sluice
