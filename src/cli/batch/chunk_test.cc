#include "cli/batch/chunk.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::cli {
namespace {

// Lines that show what was sent together.
class PlainFormat final : public Format {
 public:
  size_t items_max() const override { return 100; }
  absl::StatusOr<BatchRequest> Request(std::span<const Item> items) const override {
    if (items.front().payload == "unreadable") return Error(Reason::NOT_FOUND, "cannot read it");
    return BatchRequest{"/", "text/plain", StrCat(items.size())};
  }
  absl::StatusOr<std::vector<std::string>> Lines(std::span<const Item> items, const std::string& body) const override {
    if (body == "?") return Error(Reason::INVALID_BODY, "not an answer");
    std::vector<std::string> lines;
    for (const Item& item : items) lines.push_back(item.payload + " ok");
    return lines;
  }
  std::string Rejected(const Item& item, std::string_view why) const override {
    return StrCat(item.payload, " rejected: ", why);
  }
};

HttpAnswer Answer(int status, std::string body = {}, std::optional<absl::Duration> after = {}) {
  return {.status = status, .content_type = {}, .body = std::move(body), .retry_after = after};
}

class ChunkTest : public testing::Test {
 protected:
  Chunk Make(std::vector<std::string> payloads) {
    std::vector<Item> items;
    for (std::string& payload : payloads) {
      items.push_back({.line = items.size() + 1, .payload = payload, .name = {}, .error = {}});
      if (payload.starts_with("broken")) items.back().error = "no JSON";
    }
    Chunk chunk(std::move(items), format_);
    chunk.run_id = "run";
    return chunk;
  }
  absl::Duration Give(Chunk& chunk, const absl::StatusOr<HttpAnswer>& answer) {
    return chunk.Answered(answer, random_);
  }

  PlainFormat format_;
  Random random_{7};
};

TEST_F(ChunkTest, AllInOneCall) {
  Chunk chunk = Make({"a", "b", "c"});
  ASSERT_NE(chunk.Next(), nullptr);
  EXPECT_EQ(chunk.Next()->items.size(), 3u);
  EXPECT_EQ(chunk.Next()->request_id, "run-1-3");
  EXPECT_EQ(Give(chunk, Answer(200)), absl::ZeroDuration());
  EXPECT_EQ(chunk.Next(), nullptr);
  EXPECT_TRUE(chunk.status().ok());
  EXPECT_EQ(chunk.Lines(), "a ok\nb ok\nc ok\n");
}

TEST_F(ChunkTest, WhatCannotBeSentIsRejectedInItsPlace) {
  Chunk chunk = Make({"a", "broken", "b", "unreadable"});
  while (const auto* send = chunk.Next()) {
    EXPECT_NE(send->items.front().payload, "broken");
    Give(chunk, send->items.size() == 2 && send->items.front().payload == "b" ? Answer(400) : Answer(200));
  }
  EXPECT_EQ(chunk.Lines(), "a ok\nbroken rejected: no JSON\nb ok\nunreadable rejected: cannot read it\n");
  EXPECT_EQ(chunk.rejected(), 2u);
}

TEST_F(ChunkTest, ARefusedCallIsHalvedUntilTheItemAtFaultStandsAlone) {
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(i == 37 || i == 99 ? "bad" : "good");
  Chunk chunk = Make(texts);
  int calls = 0;
  while (const auto* send = chunk.Next()) {
    ++calls;
    bool bad = false;
    for (const Item& item : send->items) bad |= item.payload == "bad";
    Give(chunk, bad ? Answer(400, R"({"detail":"holds a NUL"})") : Answer(200));
  }
  EXPECT_TRUE(chunk.status().ok());
  EXPECT_EQ(chunk.rejected(), 2u);
  EXPECT_LT(calls, 32);
  std::string wanted;
  for (const auto& text : texts) wanted += text == "bad" ? "bad rejected: 400: holds a NUL\n" : "good ok\n";
  EXPECT_EQ(chunk.Lines(), wanted);
}

TEST_F(ChunkTest, RetriesWaitLongerEachTimeWithTheSameRequestId) {
  Chunk chunk = Make({"a", "b"});
  const std::string id = chunk.Next()->request_id;
  for (const int seconds : {1, 2, 4, 8}) {
    const absl::Duration wait = Give(chunk, absl::UnavailableError("connection refused"));
    EXPECT_GE(wait, absl::Seconds(seconds) * 0.75);
    EXPECT_LT(wait, absl::Seconds(seconds) * 1.25);
    EXPECT_EQ(chunk.Next()->request_id, id);
  }
  EXPECT_EQ(Give(chunk, Answer(200)), absl::ZeroDuration());
  EXPECT_EQ(chunk.Lines(), "a ok\nb ok\n");
}

TEST_F(ChunkTest, RetryAfterIsHonouredWithinReason) {
  Chunk chunk = Make({"a"});
  chunk.Next();
  EXPECT_EQ(Give(chunk, Answer(503, {}, absl::Seconds(20))), absl::Seconds(20));
  EXPECT_EQ(Give(chunk, Answer(429, {}, absl::Hours(5))), absl::Seconds(60));
}

TEST_F(ChunkTest, AServerThatStaysAwayEndsTheRun) {
  Chunk chunk = Make({"a", "b"});
  for (int i = 0; i < 5; ++i) {
    ASSERT_NE(chunk.Next(), nullptr);
    Give(chunk, absl::UnavailableError("connection refused"));
  }
  EXPECT_EQ(chunk.Next(), nullptr);
  EXPECT_FALSE(chunk.status().ok());
}

TEST_F(ChunkTest, AnItemThatMakesTheServerFailIsRejectedAfterItsRetries) {
  Chunk chunk = Make({"a", "bad", "c"});
  while (const auto* send = chunk.Next()) {
    bool bad = false;
    for (const Item& item : send->items) bad |= item.payload == "bad";
    Give(chunk, bad ? Answer(500) : Answer(200));
  }
  EXPECT_TRUE(chunk.status().ok());
  EXPECT_EQ(chunk.Lines(), "a ok\nbad rejected: the server answered 500\nc ok\n");
}

TEST_F(ChunkTest, ARefusalOfEverythingEndsTheRunAtOnce) {
  Chunk chunk = Make({"a"});
  chunk.Next();
  Give(chunk, Answer(404, R"({"detail":"no model 'x'"})"));
  EXPECT_EQ(chunk.Next(), nullptr);
  EXPECT_NE(chunk.status().message().find("no model 'x'"), absl::string_view::npos);
}

TEST_F(ChunkTest, AnAnswerThatCannotBeReadIsNoAnswer) {
  Chunk chunk = Make({"a"});
  chunk.Next();
  Give(chunk, Answer(200, "?"));
  EXPECT_EQ(chunk.Next(), nullptr);
  EXPECT_FALSE(chunk.status().ok());
}

}  // namespace
}  // namespace sluice::cli
