// What is kept of a call that somebody may ask about: it failed, was refused, was slow, or is one of the sample.
// Becomes spans (base/trace/exporter.h) and the answer to "what became of my call, and why?".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/trace_context.h"

namespace sluice {

struct CallRecord {
  struct Stage {
    std::string_view name;  // a literal: "body", "queue", "decode", "pre", "infer", "post", "write"
    std::string model;      // "face_detection_v1@2"; empty: not of a model
    WallTime began, ended;
    // The same for the stages of all calls that one run of the model served; 0: it was not one.
    uint64_t batch = 0;
  };
  // A layer that refused the call or one of its candidates.
  struct Verdict {
    std::string_view layer;
    std::string model;
    std::string_view reason;
    std::string message;
  };
  enum class Kept : uint8_t { kError, kRefused, kSlow, kDegraded, kReplayed, kAsked, kSample };

  TraceContext trace;
  std::string trace_state;  // W3C's, of the caller; nearly always empty
  Kept kept = Kept::kSample;
  WallTime began{}, ended{};  // head received → answered
  double latency_ms = 0;      // request received → result ready
  double slo_ms = 0;          // of its model; 0: none
  std::string_view method, protocol;
  std::string request_id, client_ip, key_id;
  std::string model;  // the first one it used; empty: none
  int code = 0;
  std::string_view code_name, reason, error_type;  // empty: success
  std::string message;
  std::string_view ended_in;  // the layer, "request" or "handler"
  int64_t retry_after_ms = -1;
  uint64_t bytes_in = 0, bytes_out = 0;
  bool degraded = false, replayed = false;
  std::vector<Stage> stages;
  std::vector<Verdict> verdicts;

  bool ok() const { return code == 0; }
  // About what it takes.
  size_t held_bytes() const {
    size_t bytes = sizeof(CallRecord) + trace_state.capacity() + request_id.capacity() + client_ip.capacity() +
                   key_id.capacity() + model.capacity() + message.capacity();
    for (const Stage& stage : stages) bytes += sizeof(Stage) + stage.model.capacity();
    for (const Verdict& verdict : verdicts) {
      bytes += sizeof(Verdict) + verdict.model.capacity() + verdict.message.capacity();
    }
    return bytes;
  }
};

inline std::string_view ToString(CallRecord::Kept kept) {
  switch (kept) {
    case CallRecord::Kept::kError: return "error";
    case CallRecord::Kept::kRefused: return "refused";
    case CallRecord::Kept::kSlow: return "slow";
    case CallRecord::Kept::kDegraded: return "degraded";
    case CallRecord::Kept::kReplayed: return "replayed";
    case CallRecord::Kept::kAsked: return "asked";
    case CallRecord::Kept::kSample: return "sample";
  }
  return "";
}

using CallRecordPtr = std::shared_ptr<const CallRecord>;

// Takes records as they come. Any thread; never blocks.
class CallRecordSink {
 public:
  virtual ~CallRecordSink() = default;
  virtual void Offer(const CallRecordPtr& record) = 0;
};

}  // namespace sluice
