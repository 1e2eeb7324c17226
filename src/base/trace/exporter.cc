#include "base/trace/exporter.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/log/log.h"
#include "base/thread.h"

namespace sluice {

struct TraceExporter::Shared {
  Shared(const Options& o, Send s, const Random& r) : options(o), send(std::move(s)), random(r) {}

  void Run();
  bool TakeBatch(std::vector<CallRecordPtr>& batch);
  void SendBatch(const std::vector<CallRecordPtr>& batch);
  bool WaitForRetry(int tries);
  void Count(SendResult result, size_t calls);
  void Tell(const SendOutcome& outcome);
  bool Stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  const Options options;
  const Send send;
  Random random;  // of the thread
  mutable std::mutex mutex;
  std::condition_variable wake, idle;
  // Guarded by mutex.
  std::deque<CallRecordPtr> queue;
  bool stopping = false, abandoned = false, ended = false;
  uint64_t sent = 0, queue_full = 0, refused = 0, unreachable = 0, untrusted = 0;
  // Of the thread: when the log was told last that it fails; until it works again.
  std::optional<TimePoint> told;
};

Duration RetryDelay(const TraceExporter::Options& options, int tries, Random& random) {
  Duration delay = options.retry_first;
  for (int i = 1; i < tries && delay < options.retry_most; ++i) delay *= 2;
  delay = std::min(delay, options.retry_most);
  return std::chrono::duration_cast<Duration>(delay * (0.5 + random.Uniform() / 2));
}

TraceExporter::TraceExporter(const Options& options, Send send, const Random& random)
    : shared_(std::make_shared<Shared>(options, std::move(send), random)) {
  RunDetached("traces", [shared = shared_] { shared->Run(); });
}

TraceExporter::~TraceExporter() { Stop(Duration::zero()); }

void TraceExporter::Offer(const CallRecordPtr& record) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopping || shared_->queue.size() >= shared_->options.queue_max) return void(++shared_->queue_full);
  shared_->queue.push_back(record);
  if (shared_->queue.size() == shared_->options.batch_max) shared_->wake.notify_one();
}

void TraceExporter::Stop(Duration at_most) {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->wake.notify_all();
  shared_->idle.wait_for(lock, at_most, [this] { return shared_->ended; });
  shared_->abandoned = true;
  shared_->unreachable += shared_->queue.size();
  shared_->queue.clear();
}

// False: there is no more, and none will come.
bool TraceExporter::Shared::TakeBatch(std::vector<CallRecordPtr>& batch) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, options.interval, [this] { return stopping || queue.size() >= options.batch_max; });
  batch.clear();
  while (!queue.empty() && batch.size() < options.batch_max) {
    batch.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return !batch.empty() || !stopping;
}

void TraceExporter::Shared::Run() {
  std::vector<CallRecordPtr> batch;
  while (TakeBatch(batch)) {
    if (!batch.empty()) SendBatch(batch);
  }
  const std::lock_guard lock(mutex);
  ended = true;
  idle.notify_all();
}

void TraceExporter::Shared::SendBatch(const std::vector<CallRecordPtr>& batch) {
  const auto stop = [this] {
    const std::lock_guard lock(mutex);
    return abandoned;
  };
  SendOutcome outcome{.result = SendResult::kTryAgain};
  for (int tries = 1; outcome.result == SendResult::kTryAgain; ++tries) {
    outcome = send(batch, stop);
    if (tries == options.tries_max || (outcome.result == SendResult::kTryAgain && !WaitForRetry(tries))) break;
  }
  Count(outcome.result, batch.size());
  Tell(outcome);
}

// False: it is to stop.
bool TraceExporter::Shared::WaitForRetry(int tries) {
  const Duration delay = RetryDelay(options, tries, random);
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, delay, [this] { return stopping; });
}

void TraceExporter::Shared::Count(SendResult result, size_t calls) {
  const std::lock_guard lock(mutex);
  switch (result) {
    case SendResult::kSent: sent += calls; break;
    case SendResult::kTryAgain: unreachable += calls; break;
    case SendResult::kRefused: refused += calls; break;
    case SendResult::kUntrusted: untrusted += calls; break;
  }
}

void TraceExporter::Shared::Tell(const SendOutcome& outcome) {
  if (outcome.result == SendResult::kSent) {
    if (std::exchange(told, std::nullopt)) LogInfo("traces.exported_again");
    return;
  }
  const TimePoint now = SystemClock().Now();
  if (told && now - *told < options.tell_again) return;
  told = now;
  const bool untrusted_now = outcome.result == SendResult::kUntrusted;
  LogWarning("traces.not_exported",
             {{"why", outcome.why}, {"hint", untrusted_now ? "see tracing.ca_file" : "see tracing.endpoint"}});
}

void TraceExporter::Collect(MetricsText& out) const {
  const std::lock_guard lock(shared_->mutex);
  out.Family("ai_inference_traces_exported_total", MetricKind::kCounter, "Calls whose spans the collector took.");
  out.Sample({}, static_cast<double>(shared_->sent));
  out.Family(
      "ai_inference_traces_dropped_total", MetricKind::kCounter,
      "Calls whose spans were lost: queue_full (they came faster than the collector takes them), refused (it did "
      "not want them), unreachable (it did not answer in several tries), untrusted (its certificate is not to be "
      "trusted).");
  out.Sample("reason=\"queue_full\"", static_cast<double>(shared_->queue_full));
  out.Sample("reason=\"refused\"", static_cast<double>(shared_->refused));
  out.Sample("reason=\"unreachable\"", static_cast<double>(shared_->unreachable));
  out.Sample("reason=\"untrusted\"", static_cast<double>(shared_->untrusted));
}

}  // namespace sluice
