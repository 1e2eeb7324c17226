#include "transport/http/http_date.h"

#include <ctime>
#include <utility>

namespace sluice::http {

std::string HttpDate(WallTime time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                    kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<size_t>(size)};
}

std::string_view HttpDateNow(const Clock& clock) {
  thread_local int64_t second = -1;
  thread_local std::string text;
  const WallTime now = clock.WallNow();
  const int64_t this_second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (this_second != std::exchange(second, this_second)) text = HttpDate(now);
  return text;
}

}  // namespace sluice::http
