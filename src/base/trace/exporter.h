// Sends kept calls to a collector, in batches, from a thread of its own. A collector that is slow or away costs nothing
// but a counter and a line in the log, at most one a minute: what does not fit into the queue, or cannot be sent in a
// few tries, is dropped and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/metrics/text.h"
#include "base/random.h"
#include "base/trace/call_record.h"

namespace sluice {

enum class SendResult : uint8_t {
  kSent,
  kTryAgain,   // nobody there, too busy, no answer
  kRefused,    // sending the same again would not help
  kUntrusted,  // nor here: whoever answers cannot prove to be the collector
};

struct SendOutcome {
  SendResult result = SendResult::kSent;
  std::string why = {};  // it was not sent: for operators
};

class TraceExporter final : public CallRecordSink, public MetricSource {
 public:
  struct Options {
    size_t queue_max = 2048;  // calls that wait
    size_t batch_max = 512;   // calls of one request
    Duration interval = std::chrono::seconds(5);
    Duration retry_first = std::chrono::seconds(1);  // doubled for each further try, up to `retry_most`
    Duration retry_most = std::chrono::seconds(30);
    int tries_max = 5;
    Duration tell_again = std::chrono::minutes(1);  // in the log, while it fails
  };
  // Makes a request's body and sends it; on the exporter's thread, one at a time. May take long; should end early once
  // `stop` says so.
  using Send = std::function<SendOutcome(std::span<const CallRecordPtr> calls, const std::function<bool()>& stop)>;

  TraceExporter(const Options& options, Send send, const Random& random);
  // Stop(0).
  ~TraceExporter() override;

  void Offer(const CallRecordPtr& record) override;
  // Sends what waits, in one try each, at most so long; what is left then is dropped. Further offers are, too.
  void Stop(Duration at_most);

  void Collect(MetricsText& out) const override;

 private:
  struct Shared;
  // Also the thread's, which may outlive this object inside a name server's silence.
  const std::shared_ptr<Shared> shared_;
};

// How long to wait before the try that follows `tries` failed ones: doubling, of that a random half to whole.
Duration RetryDelay(const TraceExporter::Options& options, int tries, Random& random);

}  // namespace sluice
