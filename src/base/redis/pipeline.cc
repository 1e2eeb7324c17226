#include "base/redis/pipeline.h"

#include <hiredis/hiredis.h>

#include <utility>

#include "base/strings.h"

namespace sluice {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

absl::StatusOr<RedisReply> ReplyOf(const redisReply& raw) {
  switch (raw.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: return RedisReply{.kind = RedisReply::Kind::kText, .text = std::string(raw.str, raw.len)};
    case REDIS_REPLY_INTEGER: return RedisReply{.kind = RedisReply::Kind::kNumber, .number = raw.integer};
    case REDIS_REPLY_NIL: return RedisReply{};
    case REDIS_REPLY_ERROR: return absl::UnknownError(absl::string_view(raw.str, raw.len));
    default: return absl::UnknownError("an answer of an unexpected kind");
  }
}

// The connection is no use while these last; another address, or a later time, may be better.
bool SaysUseless(const absl::Status& status) {
  for (const char* word : {"LOADING", "READONLY", "MASTERDOWN", "NOAUTH"}) {
    if (status.message().find(word) == 0) return true;
  }
  return false;
}

void Note(const absl::Status& status, bool late, RedisPipeline::Taken& taken) {
  if (!late) ++taken.in_time;
  if (status.ok()) return;
  if (!late) ++taken.errors;
  taken.error = status;
  taken.useless |= SaysUseless(status);
}

// No command of ours is answered with a list. The library makes room for a list when it has read its length, and goes
// through it when it frees it: "*2147483647" took 16 GiB and kept a loop for 11 s.
template <typename Length>
void* RefuseList(const redisReadTask* /*task*/, Length /*elements*/) {
  return nullptr;
}

redisReader* MakeReader() {
  redisReader* const reader = redisReaderCreate();
  static redisReplyObjectFunctions functions = [](redisReplyObjectFunctions usual) {
    usual.createArray = &RefuseList;
    return usual;
  }(*reader->fn);
  reader->fn = &functions;
  return reader;
}

void Append(std::string& out, Redis::Words words) {
  out += StrCat("*", words.size(), "\r\n");
  for (const std::string_view word : words) {
    out += StrCat("$", word.size(), "\r\n");
    out += word;
    out += "\r\n";
  }
}

}  // namespace

void RedisPipeline::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisPipeline::RedisPipeline() : reader_(MakeReader()) {}

RedisPipeline::~RedisPipeline() = default;

bool RedisPipeline::Add(Redis::Words words, TimePoint deadline, Redis::Done& done) {
  if (waiting_.size() >= kWaitingMax || out_.size() >= kOutBytesMax) return false;
  Append(out_, words);
  waiting_.push_back({.deadline = deadline, .done = std::move(done)});
  return true;
}

absl::StatusOr<RedisPipeline::Taken> RedisPipeline::Take(std::string_view bytes) {
  Taken taken;
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
  unread_ += bytes.size();
  while (true) {
    void* got = nullptr;
    if (redisReaderGetReply(reader_.get(), &got) != REDIS_OK) {
      return absl::UnavailableError("what it sends is not the Redis protocol");
    }
    if (got == nullptr) break;
    const std::unique_ptr<redisReply, FreeReply> raw(static_cast<redisReply*>(got));
    unread_ = 0;
    if (waiting_.empty()) return absl::UnavailableError("it answered more than it was asked");
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    absl::StatusOr<RedisReply> reply = ReplyOf(*raw);
    const bool late = told_ > 0;
    Note(reply.status(), late, taken);
    if (late) {
      --told_;
    } else {
      waiting.done(std::move(reply));
    }
  }
  if (unread_ > kReplyBytesMax) return absl::UnavailableError("an answer is too long");
  return taken;
}

size_t RedisPipeline::Expire(TimePoint now) {
  size_t count = 0;
  for (; told_ < waiting_.size() && waiting_[told_].deadline <= now; ++count) {
    Redis::Done done = std::move(waiting_[told_++].done);
    done(absl::UnavailableError("it did not answer in time"));
  }
  return count;
}

size_t RedisPipeline::Fail(const absl::Status& why) {
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  const size_t told = std::exchange(told_, 0);
  out_.clear();
  for (size_t i = told; i < waiting.size(); ++i) waiting[i].done(why);
  return waiting.size() - told;
}

}  // namespace sluice
