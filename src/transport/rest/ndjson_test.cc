#include "transport/rest/ndjson.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace sluice::rest {
namespace {

std::vector<std::string> Lines(std::string_view text, size_t step) {
  std::vector<std::string> out;
  LineCutter cutter(20);
  std::string_view line;
  for (size_t at = 0; at < text.size(); at += step) {
    std::string_view in = text.substr(at, step);
    while (*cutter.Next(in, line)) out.emplace_back(line);
    EXPECT_TRUE(in.empty());
  }
  if (cutter.TakeLast(line)) out.emplace_back(line);
  return out;
}

TEST(NdjsonTest, LinesDoNotDependOnTheCut) {
  for (size_t step = 1; step < 30; ++step) {
    EXPECT_EQ(Lines("{\"a\":1}\n\r\n {}\r\n  \n\n[]\nlast", step),
              (std::vector<std::string>{"{\"a\":1}", "{}", "[]", "last"}))
        << step;
    EXPECT_EQ(Lines("one\n \t", step), std::vector<std::string>{"one"}) << step;
    EXPECT_TRUE(Lines("", step).empty());
  }
}

TEST(NdjsonTest, BlanksAreNotKept) {
  LineCutter cutter(20);
  const std::string text(1000, ' ');
  std::string_view line, in = text;
  ASSERT_FALSE(*cutter.Next(in, line));
  EXPECT_FALSE(cutter.mid_line());
  in = "\n\r\n \n\t\n\n";
  ASSERT_FALSE(*cutter.Next(in, line));
  EXPECT_TRUE(in.empty());
  in = "\n\t{}\n";
  ASSERT_TRUE(*cutter.Next(in, line));
  EXPECT_EQ(line, "{}");
}

TEST(NdjsonTest, ALineIsBounded) {
  for (const size_t step : {1, 7, 100}) {
    LineCutter cutter(20);
    std::string text(25, 'x');
    std::string_view line;
    absl::Status status;
    for (size_t at = 0; at < text.size() && status.ok(); at += step) {
      std::string_view in = std::string_view(text).substr(at, step);
      status = cutter.Next(in, line).status();
    }
    EXPECT_EQ(ReasonOf(status), Reason::BODY_TOO_LARGE) << step;
  }
}

}  // namespace
}  // namespace sluice::rest
