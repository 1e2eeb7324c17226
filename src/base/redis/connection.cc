#include "base/redis/connection.h"

#include <array>
#include <utility>

#include "base/strings.h"

namespace sluice {
namespace {

constexpr Duration kRestMin = std::chrono::milliseconds(100);
constexpr Duration kRestMax = std::chrono::seconds(5);
constexpr Duration kPatience = std::chrono::seconds(1);  // for each address, and for the greeting
constexpr size_t kLateMax = 3;                           // in a row
constexpr int kReadsPerEvent = 8;

}  // namespace

RedisConnection::RedisConnection(AsioLoop& loop, const Options& options, Executor& dialler, Random random,
                                 RedisEvents& events)
    : loop_(loop), options_(options), dialler_(dialler), random_(random), events_(events), rest_(kRestMin) {}

RedisConnection::~RedisConnection() = default;

void RedisConnection::Dial() {
  dialler_.Post(
      [&loop = loop_, &options = options_,
       back = lifeline_.Bind([this](absl::StatusOr<RedisDialled> dialled) { Dialled(std::move(dialled)); })]() mutable {
        absl::StatusOr<RedisDialled> dialled = DialRedis(options.address, options.password_file, kPatience);
        loop.Post([back = std::move(back), dialled = std::move(dialled)]() mutable { back(std::move(dialled)); });
      });
}

void RedisConnection::Dialled(absl::StatusOr<RedisDialled> dialled) {
  if (!dialled.ok()) return Break(dialled.status());
  socket_.emplace(std::move(dialled->fd), options_.tls.get(), options_.address.host);
  watch_ = loop_.Watch(socket_->fd(), *this);
  pipeline_ = std::make_unique<RedisPipeline>();
  state_ = State::kGreeting;
  patience_ = loop_.At(loop_.Now() + kPatience, [this] {
    patience_ = 0;
    Break(absl::UnavailableError("it accepts connections and does not answer"));
  });
  Greet(dialled->password);
}

// One refusal is enough: of AUTH by a server without passwords, of PING by one with them, or while it loads its data.
void RedisConnection::Greet(const std::string& password) {
  const auto greeting = [this](Redis::Words words, bool last) {
    Redis::Done done = [this, last](const absl::StatusOr<RedisReply>& reply) {
      refusal_.Update(reply.status());
      if (last && refusal_.ok()) Ready();
    };
    pipeline_->Add(words, kNever, done);
  };
  refusal_ = absl::OkStatus();
  if (!password.empty() && !options_.user.empty()) {
    greeting({"AUTH", options_.user, password}, false);
  } else if (!password.empty()) {
    greeting({"AUTH", password}, false);
  }
  greeting({"PING"}, true);
  Flush();
}

void RedisConnection::Ready() {
  loop_.Cancel(std::exchange(patience_, 0));
  state_ = State::kReady;
  late_in_a_row_ = 0;
  events_.OnUp();
}

void RedisConnection::Break(const absl::Status& why) {
  const bool was_ready = std::exchange(state_, State::kDown) == State::kReady;
  loop_.Cancel(std::exchange(timer_, 0));
  loop_.Cancel(std::exchange(patience_, 0));
  watch_.reset();
  socket_.reset();
  const std::unique_ptr<RedisPipeline> pipeline = std::move(pipeline_);
  const auto rest = std::chrono::duration_cast<Duration>(rest_ * (0.5 + random_.Uniform() / 2));
  rest_ = std::min(2 * rest_, kRestMax);
  patience_ = loop_.At(loop_.Now() + rest, [this] {
    patience_ = 0;
    Dial();
  });
  events_.OnDown(why, was_ready);
  if (pipeline == nullptr) return;
  const size_t failed = pipeline->Fail(why);
  if (was_ready) events_.OnCommands(RedisEvents::Outcome::kFailed, failed);
}

void RedisConnection::Run(Redis::Words words, Redis::Done done) {
  if (state_ != State::kReady || !pipeline_->Add(words, loop_.Now() + options_.operation, done)) {
    events_.OnCommands(RedisEvents::Outcome::kRefused, 1);
    return loop_.Post([done = std::move(done)]() mutable { done(absl::UnavailableError("Redis is not available")); });
  }
  FlushSoon();
  ArmTimer();
}

// What one turn asks goes out together.
void RedisConnection::FlushSoon() {
  if (std::exchange(flushing_, true)) return;
  loop_.Post(lifeline_.Bind([this] {
    flushing_ = false;
    Flush();
  }));
}

void RedisConnection::Flush() {
  while (socket_ && !pipeline_->out().empty()) {
    const absl::StatusOr<ClientSocket::Result> sent = socket_->Write(pipeline_->out());
    if (!sent.ok()) return Break(sent.status());
    if (sent->bytes == 0) {
      if (sent->wants == ClientSocket::Wants::kWrite) watch_->WantWrite();
      break;
    }
    pipeline_->out().erase(0, sent->bytes);
  }
  if (watch_) watch_->WantRead();
}

// Under TLS, reading may have to write first and the other way round; so each event tries both.
void RedisConnection::OnWritable() {
  Read();
  Flush();
}

void RedisConnection::OnReadable() {
  Read();
  Flush();
}

void RedisConnection::Read() {
  std::array<char, 16 << 10> bytes;
  for (int i = 0; i < kReadsPerEvent && socket_; ++i) {
    const absl::StatusOr<ClientSocket::Result> got = socket_->Read(bytes.data(), bytes.size());
    if (!got.ok()) return Break(got.status());
    if (got->bytes == 0) {
      if (got->wants == ClientSocket::Wants::kWrite) watch_->WantWrite();
      return;
    }
    if (!Take({bytes.data(), got->bytes})) return;
  }
}

bool RedisConnection::Take(std::string_view bytes) {
  const bool was_ready = state_ == State::kReady;
  const absl::StatusOr<RedisPipeline::Taken> taken = pipeline_->Take(bytes);
  if (!taken.ok()) return Break(taken.status()), false;
  if (!refusal_.ok()) return Break(refusal_), false;
  if (was_ready && taken->in_time > 0) {
    late_in_a_row_ = 0;
    rest_ = kRestMin;
    events_.OnCommands(RedisEvents::Outcome::kAnswered, taken->in_time - taken->errors);
    events_.OnCommands(RedisEvents::Outcome::kFailed, taken->errors);
  }
  if (taken->errors > 0) events_.OnError(taken->error);
  if (taken->useless) return Break(taken->error), false;
  return true;
}

void RedisConnection::ArmTimer() {
  if (timer_ != 0 || pipeline_->earliest() == kNever) return;
  timer_ = loop_.At(pipeline_->earliest(), [this] {
    timer_ = 0;
    Expire();
  });
}

// The timer is of a command that may have been answered since: the next one's is set then. A loop that was held up
// itself finds the answers first.
void RedisConnection::Expire() {
  Read();
  if (pipeline_ == nullptr) return;
  const size_t late = pipeline_->Expire(loop_.Now());
  late_in_a_row_ += late;
  events_.OnCommands(RedisEvents::Outcome::kLate, late);
  if (late_in_a_row_ >= kLateMax) return Break(absl::UnavailableError("it does not answer in time"));
  ArmTimer();
  watch_->WantRead();
}

}  // namespace sluice
