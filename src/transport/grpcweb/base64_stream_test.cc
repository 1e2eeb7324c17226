#include "transport/grpcweb/base64_stream.h"

#include <gtest/gtest.h>

namespace sluice::grpcweb {
namespace {

bool DecodeBy(size_t step, std::string_view text, std::string& out, bool& mid) {
  Base64Stream stream;
  for (size_t at = 0; at < text.size(); at += step) {
    if (!stream.Decode(text.substr(at, step), out)) return false;
  }
  mid = stream.mid_group();
  return true;
}

TEST(Base64StreamTest, PaddedTextsOneAfterAnotherCutAnywhere) {
  for (size_t step = 1; step < 20; ++step) {
    std::string out;
    bool mid = true;
    ASSERT_TRUE(DecodeBy(step, "YQ==YWI=YWJjYWJjZA==AAAA", out, mid)) << step;
    EXPECT_EQ(out, std::string("aababcabcd\0\0\0", 13)) << step;
    EXPECT_FALSE(mid);
  }
}

// Found by a fuzzer: what came out before the fault depended on the cut.
TEST(Base64StreamTest, WhatIsGoodBeforeAFaultComesOutWhereverItIsCut) {
  for (size_t step = 1; step < 20; ++step) {
    std::string out;
    bool mid = false;
    EXPECT_FALSE(DecodeBy(step, "YWJjYWJjYWJj=AAAYWJj", out, mid)) << step;
    EXPECT_EQ(out, "abcabcabc") << step;
    std::string both;
    EXPECT_TRUE(DecodeBy(step, "+AAA-AAA", both, mid)) << step;
    EXPECT_EQ(both.size(), 6u) << step;
  }
}

TEST(Base64StreamTest, WhatIsNone) {
  for (const char* bad : {"YQ=a", "=AAA", "Y===", "a b c d ", "\xff\xff\xff\xff"}) {
    for (size_t step = 1; step < 6; ++step) {
      std::string out;
      bool mid = false;
      EXPECT_FALSE(DecodeBy(step, bad, out, mid)) << bad << " by " << step;
    }
  }
  std::string out;
  bool mid = false;
  EXPECT_TRUE(DecodeBy(1, "YWJjYW", out, mid));
  EXPECT_TRUE(mid) << "breaks off";
}

}  // namespace
}  // namespace sluice::grpcweb
