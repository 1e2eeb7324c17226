#include "cli/logs/select.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace sluice::cli::logs {
namespace {

std::string Call(double latency, std::string_view code = "OK", std::string_view model = "m") {
  return StrCat(R"({"timestamp":"2026-11-23T10:20:30.123456Z","request_id":"r)", latency, R"(","latency":)", latency,
                R"(,"model_id":")", model, R"(","status":")", code == "OK" ? "success" : "error", R"(","code":")", code,
                R"(","error":null,"method":"a.b.Images/Look","protocol":"rest"})");
}

size_t Count(const std::vector<std::string>& filters) {
  Selection selection(*ParseFilters(filters), 0);
  size_t count = 0;
  for (const std::string& line : {Call(1), Call(20), Call(300, "UNAVAILABLE"), Call(4, "OK", "n")}) {
    count += selection.Take(line) ? 1 : 0;
  }
  return count;
}

TEST(LogSelectionTest, Filters) {
  EXPECT_EQ(Count({}), 4u);
  EXPECT_EQ(Count({"model_id=m"}), 3u);
  EXPECT_EQ(Count({"model_id!=m"}), 1u);
  EXPECT_EQ(Count({"latency>10"}), 2u);
  EXPECT_EQ(Count({"latency>10", "code=OK"}), 1u);
  EXPECT_EQ(Count({"latency<2"}), 1u);
  EXPECT_EQ(Count({"nothing=x"}), 0u);
  EXPECT_EQ(Count({"nothing!=x"}), 4u);
  EXPECT_EQ(Count({"error=null"}), 4u);
  for (const char* bad : {"", "=x", "latency", "latency>fast", "code!OK"})
    EXPECT_FALSE(ParseFilters({bad}).ok()) << bad;
}

TEST(LogSelectionTest, TheSlowestComeFirst) {
  Selection selection({}, 2);
  for (const double latency : {5, 1, 9, 7, 3}) EXPECT_FALSE(selection.Take(Call(latency)));
  EXPECT_EQ(selection.Slowest(), (std::vector<std::string>{Call(9), Call(7)}));
}

TEST(LogSelectionTest, WhatIsNoJsonIsCounted) {
  Selection selection({}, 0);
  EXPECT_FALSE(selection.Take("ready"));
  EXPECT_FALSE(selection.Take(""));
  EXPECT_FALSE(selection.Take("{\"half\":"));
  EXPECT_EQ(selection.skipped(), 2u);
}

TEST(LogLineTest, Pretty) {
  EXPECT_EQ(
      Pretty(ParseLine(Call(12.5))),
      "10:20:30.123 OK                     12.500 ms Images/Look                      m                          rest"
      "      r12.5");
  const std::string error =
      R"({"status":"error","reason":"OVERLOADED","ended_in":"queue","error":"busy: 9 wait","code":"UNAVAILABLE"})";
  EXPECT_TRUE(Pretty(ParseLine(error)).ends_with("\n    OVERLOADED in queue: busy: 9 wait"))
      << Pretty(ParseLine(error));
  EXPECT_EQ(
      Pretty(ParseLine(R"({"timestamp":"2026-11-23T10:20:30.123456Z","level":"error","event":"model.lost","n":2})")),
      "10:20:30.123 model.lost level=error n=2");
}

}  // namespace
}  // namespace sluice::cli::logs
