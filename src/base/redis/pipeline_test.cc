#include "base/redis/pipeline.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

class RedisPipelineTest : public testing::Test {
 protected:
  bool Ask(Redis::Words words, Duration within = 20ms) {
    const size_t mine = answers.size();
    answers.emplace_back("-");
    Redis::Done done = [this, mine](const absl::StatusOr<RedisReply>& reply) {
      EXPECT_EQ(answers[mine], "-") << "once";
      answers[mine] = !reply.ok()                                ? std::string(reply.status().message())
                      : reply->kind == RedisReply::Kind::kNil    ? "(nil)"
                      : reply->kind == RedisReply::Kind::kNumber ? std::to_string(reply->number)
                                                                 : reply->text;
    };
    return pipeline.Add(words, now + within, done);
  }

  TimePoint now{1h};
  RedisPipeline pipeline;
  std::vector<std::string> answers;
};

TEST_F(RedisPipelineTest, CommandsGoOutAndAnswersComeInTheirOrder) {
  const std::string binary = "a\r\n\0b"s;
  Ask({"SET", "key", binary, "NX"});
  Ask({"GET", "key"});
  EXPECT_EQ(pipeline.out(),
            "*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\na\r\n\0b\r\n$2\r\nNX\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"s);
  Ask({"EXISTS", "key"});
  Ask({"GET", "other"});
  Ask({"EVAL", "x"});
  const std::string all = "+OK\r\n$5\r\na\r\n\0b\r\n:1\r\n$-1\r\n-ERR no such thing\r\n"s;
  size_t in_time = 0;
  for (const char byte : all) in_time += pipeline.Take({&byte, 1})->in_time;
  EXPECT_EQ(in_time, 5u);
  EXPECT_EQ(answers, (std::vector<std::string>{"OK", binary, "1", "(nil)", "ERR no such thing"}));
}

TEST_F(RedisPipelineTest, LateAnswersAreDropped) {
  Ask({"GET", "a"});
  now += 10ms;
  Ask({"GET", "b"});
  EXPECT_EQ(pipeline.earliest(), now + 10ms);
  EXPECT_EQ(pipeline.Expire(now + 10ms), 1u);
  EXPECT_EQ(pipeline.earliest(), now + 20ms);
  EXPECT_EQ(answers[0], "it did not answer in time");
  const auto taken = pipeline.Take("+a\r\n+b\r\n");
  EXPECT_EQ(taken->in_time, 1u);
  EXPECT_EQ(answers[1], "b");
  EXPECT_EQ(pipeline.earliest(), kNever);
  Ask({"GET", "c"});
  EXPECT_EQ(pipeline.Take("+c\r\n")->in_time, 1u);
  EXPECT_EQ(answers[2], "c");
}

TEST_F(RedisPipelineTest, ABrokenConnectionTellsThoseWhoWaitOnce) {
  Ask({"GET", "a"});
  now += 10ms;
  Ask({"GET", "b"});
  pipeline.Expire(now + 10ms);
  EXPECT_EQ(pipeline.Fail(absl::UnavailableError("it closed the connection")), 1u);
  EXPECT_EQ(answers[1], "it closed the connection");
  EXPECT_EQ(pipeline.Fail(absl::UnavailableError("again")), 0u);
}

TEST_F(RedisPipelineTest, AServerThatServesNobodySaysSo) {
  Ask({"GET", "a"});
  Ask({"GET", "b"});
  EXPECT_FALSE(pipeline.Take("-ERR wrong\r\n")->useless);
  const auto taken = pipeline.Take("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_TRUE(taken->useless);
  EXPECT_EQ(taken->errors, 1u);
}

TEST_F(RedisPipelineTest, WhatIsNoAnswerBreaksIt) {
  EXPECT_FALSE(pipeline.Take("+OK\r\n").ok()) << "nobody asked";
  RedisPipeline http;
  EXPECT_FALSE(http.Take("HTTP/1.1 400 Bad Request\r\n").ok());
  Ask({"GET", "a"});
  EXPECT_TRUE(pipeline.Take("$100000000\r\n").ok());
  const std::string piece(1 << 20, 'x');
  EXPECT_TRUE(pipeline.Take(piece).ok());
  EXPECT_FALSE(pipeline.Take(piece).ok()) << "longer than it may be";
  EXPECT_EQ(answers[0], "-");
}

// Nothing of ours is answered with one, and a length alone would take its room.
TEST_F(RedisPipelineTest, AListBreaksItWhenItsLengthIsRead) {
  for (const char* const list : {"*2147483647\r\n", "*1000\r\n", "*1\r\n"}) {
    RedisPipeline other;
    EXPECT_FALSE(other.Take(list).ok()) << list;
  }
  Ask({"GET", "a"});
  EXPECT_TRUE(pipeline.Take("*-1\r\n").ok());
  EXPECT_EQ(answers[0], "(nil)");
}

TEST_F(RedisPipelineTest, ItIsBounded) {
  const std::string value(1 << 20, 'x');
  int taken = 0;
  while (Ask({"SET", "key", value}) && taken < 100) ++taken;
  EXPECT_EQ(taken, 8);
  pipeline.out().clear();
  while (Ask({"GET", "key"}) && taken < 100'000) {
    ++taken;
    pipeline.out().clear();
  }
  EXPECT_EQ(taken, 10'000);
}

}  // namespace
}  // namespace sluice
