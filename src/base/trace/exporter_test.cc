#include "base/trace/exporter.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "base/trace/http_post.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A collector that a test holds up, and asks what came.
// Outlives the test where the exporter's thread does.
class Collector : public std::enable_shared_from_this<Collector> {
 public:
  TraceExporter::Send Send() {
    return [this, self = shared_from_this()](std::span<const CallRecordPtr> calls, const std::function<bool()>&) {
      std::unique_lock lock(mutex_);
      ++tries_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
      if (results_.empty() || results_.front() == SendResult::kSent) got_ += calls.size();
      const SendResult result = results_.empty() ? SendResult::kSent : results_.front();
      if (!results_.empty()) results_.erase(results_.begin());
      changed_.notify_all();
      return SendOutcome{.result = result, .why = result == SendResult::kSent ? "" : "of the test"};
    };
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void WaitForTry(int tries) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tries_ >= tries; });
  }
  void WillSay(std::vector<SendResult> results) { results_ = std::move(results); }
  size_t got() {
    const std::lock_guard lock(mutex_);
    return got_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int tries_ = 0;
  size_t got_ = 0;
  std::vector<SendResult> results_;
};

std::string Numbers(const TraceExporter& exporter) {
  MetricsText text(MetricsText::Format::kPlain);
  exporter.Collect(text);
  return text.Finish();
}

void Offer(TraceExporter& exporter, int calls) {
  for (int i = 0; i < calls; ++i) exporter.Offer(std::make_shared<CallRecord>());
}

constexpr Duration kSoon = milliseconds(1), kLong = seconds(60);

TEST(TraceExporterTest, ASlowCollectorCostsNothingButACounter) {
  const auto collector = std::make_shared<Collector>();
  TraceExporter exporter({.queue_max = 8, .batch_max = 4, .interval = kLong}, collector->Send(), Random(1));
  Offer(exporter, 4);  // a batch, which is sent
  collector->WaitForTry(1);
  Offer(exporter, 10);  // returns at once; 8 wait
  EXPECT_NE(Numbers(exporter).find("reason=\"queue_full\"} 2"), std::string::npos) << Numbers(exporter);
  collector->Open();
  exporter.Stop(kLong);
  EXPECT_EQ(collector->got(), 12u);
  EXPECT_NE(Numbers(exporter).find("ai_inference_traces_exported_total 12"), std::string::npos);
}

TEST(TraceExporterTest, WhatFailedIsTriedAgainAndGivenUpInTheEnd) {
  const auto collector = std::make_shared<Collector>();
  collector->Open();
  using enum SendResult;
  collector->WillSay({kTryAgain, kSent, kRefused, kTryAgain, kTryAgain, kTryAgain, kUntrusted});
  testing::internal::CaptureStderr();
  TraceExporter exporter(
      {.queue_max = 8, .batch_max = 1, .interval = kLong, .retry_first = kSoon, .retry_most = kSoon, .tries_max = 3},
      collector->Send(), Random(1));
  for (const int tries : {2, 3, 6, 7}) {
    Offer(exporter, 1);
    collector->WaitForTry(tries);
  }
  exporter.Stop(kLong);
  const std::string numbers = Numbers(exporter);
  EXPECT_NE(numbers.find("exported_total 1\n"), std::string::npos) << numbers;
  EXPECT_NE(numbers.find("reason=\"refused\"} 1\n"), std::string::npos) << numbers;
  EXPECT_NE(numbers.find("reason=\"unreachable\"} 1\n"), std::string::npos) << numbers;
  EXPECT_NE(numbers.find("reason=\"untrusted\"} 1\n"), std::string::npos) << numbers;
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("of the test"), std::string::npos);
  EXPECT_EQ(log.find("traces.not_exported"), log.rfind("traces.not_exported")) << "once a minute, however often";
}

TEST(TraceExporterTest, ItsThreadHasAName) {
  const auto name = std::make_shared<std::promise<std::string>>();
  const auto send = [name](std::span<const CallRecordPtr>, const std::function<bool()>&) {
    std::array<char, 16> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name->set_value(text.data());
    return SendOutcome{};
  };
  TraceExporter exporter({.batch_max = 1, .interval = kLong}, send, Random(1));
  Offer(exporter, 1);
  EXPECT_EQ(name->get_future().get(), "traces");
}

TEST(TraceExporterTest, StopDoesNotWaitForACollectorThatDoesNotAnswer) {
  const auto collector = std::make_shared<Collector>();
  auto exporter =
      std::make_unique<TraceExporter>(TraceExporter::Options{.interval = kSoon}, collector->Send(), Random(1));
  Offer(*exporter, 1);
  collector->WaitForTry(1);
  exporter.reset();
  collector->Open();
}

TEST(TraceExporterTest, RetriesAreJitteredAndBounded) {
  const TraceExporter::Options options;
  Random random(7);
  Duration last{};
  for (int tries = 1; tries < 20; ++tries) {
    const Duration delay = RetryDelay(options, tries, random);
    EXPECT_LE(delay, seconds(30));
    EXPECT_GE(delay, milliseconds(500));
    EXPECT_NE(delay, last);
    last = delay;
  }
  EXPECT_GE(last, seconds(15));
}

TEST(HttpTargetTest, Urls) {
  const auto parse = [](std::string_view url) { return ParseHttpTarget(url, "4318", "/v1/traces"); };
  EXPECT_EQ(parse("http://c")->port, "4318");
  EXPECT_EQ(parse("http://c/")->path, "/v1/traces");
  EXPECT_EQ(parse("http://c:99/x/y")->path, "/x/y");
  EXPECT_EQ(parse("http://[::1]:99")->host, "::1");
  EXPECT_EQ(parse("http://[::1]")->port, "4318");
  EXPECT_FALSE(parse("http://c")->tls);
  EXPECT_TRUE(parse("https://c:4318")->tls);
  EXPECT_EQ(parse("https://c")->port, "443");
  for (const char* bad : {"", "c:4318", "https://", "http://", "http://c:port", "http://c:99999", "http://[::1]:0",
                          "http://c/a b", "http://c/\r\nx: y"}) {
    EXPECT_FALSE(parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace sluice
