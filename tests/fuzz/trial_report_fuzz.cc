// What a child process wrote that a bad model file may have taken over: any bytes are a report or none, and two of them
// can be weighed against each other.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "engine/trial/report.h"
#include "engine/trial/verdict.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::trial;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut =
      std::min<size_t>(bytes.size(), data[0] | data[1] << 8);  // where one report ends and the next begins
  const auto one = ParseReport(bytes.substr(0, cut)), other = ParseReport(bytes.substr(cut));
  if (!one || !other) return 0;
  if (one->reason().size() > kReasonBytesMax + 3 || one->runs_size() > kRunsMax) std::abort();
  for (const bool trusted : {true, false}) {
    const Verdict verdict = Decide({{.engine = "a", .report = *one}, {.engine = "b", .report = *other}}, trusted);
    if (verdict.engine() != "a" && verdict.engine() != "b") std::abort();
    if (verdict.reason().empty() || !sluice::IsUtf8(verdict.reason())) std::abort();
  }
  return 0;
}
