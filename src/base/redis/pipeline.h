// The commands under way on one connection to Redis, and the bytes both ways. Pure: no socket, time comes in.
//
//   Add ─► out() is sent ─► Take(bytes that came) ─► done
//                      └──► Expire(now): done with an error; the answer, when it comes, is dropped
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/redis/redis.h"

struct redisReader;

namespace sluice {

// Belongs to one loop.
class RedisPipeline {
 public:
  // Beyond these a command is refused at once.
  static constexpr size_t kWaitingMax = 10'000;
  static constexpr size_t kOutBytesMax = 8 << 20;
  // A longer answer breaks the connection.
  static constexpr size_t kReplyBytesMax = 2 << 20;

  struct Taken {
    size_t in_time = 0;    // answers to those who still waited
    size_t errors = 0;     // of these
    absl::Status error;    // the last one
    bool useless = false;  // it says that the server serves nobody: loading, read-only
  };

  RedisPipeline();
  ~RedisPipeline();

  // False, and nothing of it is kept: too much waits already. Deadlines must not go back from one to the next.
  bool Add(Redis::Words words, TimePoint deadline, Redis::Done& done);
  // What is to be sent; the connection removes what it has sent.
  std::string& out() { return out_; }
  // Bytes that came. The error: they are no answers.
  absl::StatusOr<Taken> Take(std::string_view bytes);
  // Tells whose deadline passed; how many.
  size_t Expire(TimePoint now);
  // The earliest deadline of those who wait.
  TimePoint earliest() const { return told_ < waiting_.size() ? waiting_[told_].deadline : kNever; }
  // The connection is broken: tells all; how many.
  size_t Fail(const absl::Status& why);

 private:
  struct Waiting {
    TimePoint deadline;
    Redis::Done done;
  };
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<redisReader, Free> reader_;
  size_t unread_ = 0;  // bytes since the last whole answer
  std::string out_;
  std::deque<Waiting> waiting_;  // in the order of the answers
  size_t told_ = 0;              // the first so many were told that they are late
};

}  // namespace sluice
