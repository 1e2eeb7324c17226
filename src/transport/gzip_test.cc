#include "transport/gzip.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace sluice::transport {
namespace {

std::string Packed(std::string_view text) {
  std::string out;
  Deflate(text, out);
  return out;
}

TEST(GzipTest, WholeBodiesComeBack) {
  std::mt19937 random(7);
  for (const size_t n : {0, 1, 1000, 32768, 3'000'000}) {
    std::string text(n, '\0');
    for (char& c : text) c = static_cast<char>(random() % 16);
    std::string out = "before";
    ASSERT_TRUE(Inflate(Packed(text), n, out).ok()) << n;
    ASSERT_EQ(out, "before" + text);
  }
}

TEST(GzipTest, StopsWhenNobodyWaits) {
  const std::string packed = Packed(std::string(30'000'000, 'x'));
  std::stop_source stop;
  stop.request_stop();
  std::string out;
  const absl::Status status = Inflate(packed, SIZE_MAX, out, Inflater::Format::kGzip, stop.get_token());
  EXPECT_EQ(ReasonOf(status), Reason::CANCELLED);
  EXPECT_EQ(out, "");
  ASSERT_TRUE(Inflate(packed, SIZE_MAX, out).ok()) << "the thread's stream is as new";
}

TEST(GzipTest, PiecesOfAnySize) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i);
  const std::string packed = Packed(text);
  for (const size_t piece : {1, 7, 1000}) {
    Inflater inflater(text.size());
    std::string out;
    for (size_t at = 0; at < packed.size(); at += piece) {
      ASSERT_FALSE(inflater.Finish().ok());
      ASSERT_TRUE(inflater.Write(std::string_view(packed).substr(at, piece), out).ok());
    }
    ASSERT_TRUE(inflater.Finish().ok());
    ASSERT_EQ(out, text);
  }
}

TEST(GzipTest, WhatItInflatesToIsAskedForFirst) {
  const std::string packed = Packed(std::string(20 << 20, 'a'));
  Budget budget(16 << 20, 1);
  BudgetHold hold;
  DecodeMemory memory(budget, hold, 50 << 20);
  std::string out;
  EXPECT_FALSE(Inflate(packed, 50 << 20, out, Inflater::Format::kGzip, {}, &memory).ok());
  EXPECT_LE(out.capacity(), budget.bytes_max());
  Budget large(256 << 20, 1);
  BudgetHold held;
  DecodeMemory enough(large, held, 50 << 20);
  out = {};
  ASSERT_TRUE(Inflate(packed, 50 << 20, out, Inflater::Format::kGzip, {}, &enough).ok());
  EXPECT_GE(large.bytes(), out.size());
  EXPECT_LE(large.bytes(), out.capacity() + (64 << 10));
  out = {};
  EXPECT_TRUE(Inflate(packed, 50 << 20, out).ok()) << "the thread's stream forgets the account";
}

TEST(GzipTest, ABombStopsAtTheBound) {
  const std::string packed = Packed(std::string(50 << 20, 'a'));
  std::string out;
  const absl::Status status = Inflate(packed, 1 << 20, out);
  EXPECT_EQ(ReasonOf(status), Reason::BODY_TOO_LARGE);
  EXPECT_LE(out.size(), size_t{1} << 20);
  std::string exact;
  EXPECT_TRUE(Inflate(Packed("12345"), 5, exact).ok());
  EXPECT_EQ(ReasonOf(Inflate(Packed("12345"), 4, exact)), Reason::BODY_TOO_LARGE);
}

TEST(GzipTest, CutAndDamagedDataIsRefused) {
  const std::string packed = Packed("a text that is long enough to be damaged in many places, many places");
  for (size_t n = 0; n < packed.size(); ++n) {
    std::string out;
    ASSERT_EQ(ReasonOf(Inflate(std::string_view(packed).substr(0, n), 1000, out)), Reason::INVALID_BODY) << n;
  }
  for (size_t i = 10; i < packed.size(); ++i) {
    std::string damaged = packed, out;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    ASSERT_FALSE(Inflate(damaged, 1000, out).ok()) << i;
  }
  std::string out;
  EXPECT_FALSE(Inflate("not gzip at all", 1000, out).ok());
  EXPECT_FALSE(Inflate(packed + "trailing", 1000, out).ok());
  out.clear();
  EXPECT_TRUE(Inflate(Packed("a") + Packed("b"), 1000, out).ok());
  EXPECT_EQ(out, "ab");
}

TEST(GzipTest, FlushedMessagesCanBeReadAtOnce) {
  Deflater deflater;
  Inflater inflater(1000);
  std::string text;
  for (const char* message : {"one\n", "two\n", "three\n"}) {
    std::string packed;
    deflater.Write(message, packed);
    deflater.Flush(packed);
    ASSERT_TRUE(inflater.Write(packed, text).ok());
    ASSERT_EQ(text.substr(text.size() - std::string_view(message).size()), message);
  }
  std::string packed;
  deflater.Finish(packed);
  EXPECT_TRUE(inflater.Write(packed, text).ok());
  EXPECT_TRUE(inflater.Finish().ok());
  deflater.Reset();
  packed.clear();
  deflater.Write("again", packed);
  deflater.Finish(packed);
  inflater.Reset(1000);
  text.clear();
  EXPECT_TRUE(inflater.Write(packed, text).ok() && inflater.Finish().ok());
  EXPECT_EQ(text, "again");
}

}  // namespace
}  // namespace sluice::transport
