#include "base/redis/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <future>
#include <optional>

#include "base/config/config.h"
#include "base/strings.h"
#include "base/thread.h"

namespace sluice {
namespace {

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

// A client on a loop of its own, and the test as its server. Every wait is for something that must come.
class RedisClientTest : public testing::Test {
 protected:
  RedisClientTest() {
    sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof(any);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    options_.set_address(StrCat("127.0.0.1:", ntohs(any.sin_port)));
    options_.set_operation_ms(10'000);
    loops_.push_back(std::make_unique<AsioLoop>("test"));
  }
  ~RedisClientTest() override {
    starter_.reset();
    loops_[0]->Stop();
  }

  void Start() {
    auto client = RedisClient::Create(options_, {.loops = loops_, .random = random_, .metrics = metrics_});
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    loops_[0]->Start();
    starter_.emplace("start", 0, [this] { client_->Start(); });
  }
  UniqueFd Accept() const { return UniqueFd(accept(listener_.get(), nullptr, nullptr)); }
  static std::string Receive(const UniqueFd& fd, size_t size) {
    std::string got(size, '\0');
    got.resize(static_cast<size_t>(std::max<ssize_t>(recv(fd.get(), got.data(), size, MSG_WAITALL), 0)));
    return got;
  }
  static void Send(const UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  static bool Ended(const UniqueFd& fd) { return Receive(fd, 1).empty(); }
  void Greet(const UniqueFd& fd) {
    EXPECT_EQ(Receive(fd, kPing.size()), kPing);
    Send(fd, "+PONG\r\n");
  }
  // What each GET is answered with, all of them asked in one turn.
  std::vector<std::future<std::string>> Ask(size_t count) {
    std::vector<std::future<std::string>> answers;
    auto promises = std::make_shared<std::vector<std::promise<std::string>>>(count);
    for (auto& promise : *promises) answers.push_back(promise.get_future());
    loops_[0]->Post([this, promises] {
      for (size_t i = 0; i < promises->size(); ++i) {
        client_->Run(*loops_[0], {"GET", "k"}, [promises, i](const absl::StatusOr<RedisReply>& reply) {
          (*promises)[i].set_value(reply.ok() ? reply->text : std::string(reply.status().message()));
        });
      }
    });
    return answers;
  }
  // The loop has seen what was sent to it before.
  void AwaitReady() {
    while (Metric("ai_inference_redis_connections") != "1") Ask(0);
  }
  std::string Metric(std::string_view name) const {
    const std::string all = "\n" + prometheus::TextSerializer().Serialize(metrics_.Collect());
    const std::string line = StrCat("\n", name, " ");
    const size_t at = all.find(line) + line.size();
    return all.substr(at, all.find('\n', at) - at);
  }
  // Counted once the turn that told us is over.
  std::string Outcomes(std::string_view outcome) {
    std::promise<void> turn;
    loops_[0]->Post([&turn] { turn.set_value(); });
    turn.get_future().wait();
    return Metric(StrCat("ai_inference_redis_commands_total{outcome=\"", outcome, "\"}"));
  }

  UniqueFd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  config::Redis options_ = DefaultConfig().redis();
  SharedRandom random_{Random(1)};
  prometheus::Registry metrics_;
  std::vector<std::unique_ptr<AsioLoop>> loops_;
  std::unique_ptr<RedisClient> client_;
  std::optional<Thread> starter_;
};

constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";

TEST_F(RedisClientTest, CommandsOfATurnGoOutTogether) {
  Start();
  const UniqueFd fd = Accept();
  Greet(fd);
  AwaitReady();
  auto answers = Ask(2);
  EXPECT_EQ(Receive(fd, 2 * kGet.size()), StrCat(kGet, kGet));
  Send(fd, "+one\r\n$");
  EXPECT_EQ(answers[0].get(), "one");
  Send(fd, "3\r\ntwo\r\n");
  EXPECT_EQ(answers[1].get(), "two");
  EXPECT_EQ(Outcomes("answered"), "2");
}

TEST_F(RedisClientTest, AServerThatHangsIsLeftAloneAndTriedAgain) {
  options_.set_operation_ms(1);
  Start();
  const UniqueFd hung = Accept();
  Greet(hung);
  AwaitReady();
  for (auto& answer : Ask(3)) EXPECT_EQ(answer.get(), "it did not answer in time");
  EXPECT_EQ(Receive(hung, 3 * kGet.size()).size(), 3 * kGet.size());
  EXPECT_TRUE(Ended(hung)) << "three late ones are enough";
  EXPECT_EQ(Ask(1)[0].get(), "Redis is not available") << "at once";
  EXPECT_EQ(Outcomes("late"), "3");
  EXPECT_EQ(Outcomes("refused"), "1");
  const UniqueFd fd = Accept();
  Greet(fd);
  AwaitReady();
}

TEST_F(RedisClientTest, WhoWaitsWhenItBreaksIsTold) {
  Start();
  UniqueFd fd = Accept();
  Greet(fd);
  AwaitReady();
  auto answers = Ask(2);
  Receive(fd, 2 * kGet.size());
  Send(fd, "+one\r\n");
  EXPECT_EQ(answers[0].get(), "one");
  fd = UniqueFd();
  EXPECT_EQ(answers[1].get(), "it closed the connection");
  EXPECT_EQ(Outcomes("failed"), "1");
  const UniqueFd garbage = Accept();
  Greet(garbage);
  AwaitReady();
  Send(garbage, "HTTP/1.1 200 OK\r\n");
  EXPECT_TRUE(Ended(garbage));
}

TEST_F(RedisClientTest, TheGreetingDecides) {
  options_.set_user("me");
  options_.set_password_file(testing::TempDir() + "/redis_password");
  FILE* const file = fopen(options_.password_file().c_str(), "w");
  fputs("secret\nsecond line\n", file);
  fclose(file);
  Start();
  const std::string auth = "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n";
  for (const char* refusal : {"-WRONGPASS no\r\n+PONG\r\n", "+OK\r\n-LOADING its data\r\n"}) {
    const UniqueFd refused = Accept();
    EXPECT_EQ(Receive(refused, auth.size() + kPing.size()), StrCat(auth, kPing));
    Send(refused, refusal);
    EXPECT_TRUE(Ended(refused)) << refusal;
    EXPECT_EQ(Ask(1)[0].get(), "Redis is not available");
  }
  const UniqueFd fd = Accept();
  EXPECT_EQ(Receive(fd, auth.size() + kPing.size()), StrCat(auth, kPing));
  Send(fd, "+OK\r\n+PONG\r\n");
  AwaitReady();
}

TEST_F(RedisClientTest, OptionsAreChecked) {
  const auto says = [this](const config::Redis& options) {
    const auto client = RedisClient::Create(options, {.loops = loops_, .random = random_, .metrics = metrics_});
    return std::string(client.status().message());
  };
  options_.set_address("localhost");
  EXPECT_EQ(says(options_), "redis.address 'localhost' is not HOST:PORT with a port from 1 to 65535");
  options_.set_address("localhost:99999");
  EXPECT_EQ(says(options_), "redis.address 'localhost:99999' is not HOST:PORT with a port from 1 to 65535");
  options_.set_address("[::1]:6379");
  EXPECT_EQ(says(options_), "");
  options_.set_password_file("/no/such/file");
  EXPECT_NE(says(options_).find("redis.password_file: cannot open"), std::string::npos);
  options_.set_password_file("");
  options_.set_tls(true);
  options_.set_ca_file("/no/such/file");
  EXPECT_NE(says(options_).find("redis.ca_file '/no/such/file' cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace sluice
