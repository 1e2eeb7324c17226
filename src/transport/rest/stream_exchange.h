// One call of a streaming method over REST: NDJSON lines up, NDJSON lines or server-sent events down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/budget.h"
#include "call/call.h"
#include "transport/backlog.h"
#include "transport/body_collector.h"
#include "transport/context.h"
#include "transport/idle_timer.h"
#include "transport/new_call.h"
#include "transport/rest/answer.h"
#include "transport/rest/ndjson.h"
#include "transport/rest/router.h"
#include "transport/rest/stream_form.h"
#include "transport/stream_feed.h"

namespace sluice::rest {

// The request is one message (any body that a unary method takes) or, for client streams, NDJSON. The answer of a
// client stream is one JSON value; of a server stream, text after text. Until the first of them, errors are
// problem+json.
class StreamExchange final : public http::ExchangeHandler, public CallPort {
 public:
  StreamExchange(const transport::Context& context, http::Exchange& exchange);
  ~StreamExchange() override;

  // Once.
  void Start(const Method& method, RouteMatch route);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override {
    idle_.Moved();
    call_->Writable();
  }
  bool AwaitsBody() const override;
  size_t KeptBytes() const override { return call_->kept_bytes(); }
  void OnDrain() override { call_->Drain(); }
  void OnNoMemory() override { call_->Fail(BudgetUsedUp()); }
  void OnClosed(http::CloseReason reason) override { transport::EndCall(*call_, reason); }

  // --- CallPort ---
  size_t AnswerBytes(const Message& message) const override { return JsonAnswerBytes(message); }
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;
  void ReadMore() override { feed_->ReadMore(); }
  bool CanWrite() const override { return exchange_.UnsentBytes() < context_.options.response_buffer_bytes; }

 private:
  const google::protobuf::FieldDescriptor* response_field() const {
    return route_.binding == nullptr ? nullptr : route_.binding->response_field;
  }
  absl::Status CheckLines() const;
  size_t CutLines(std::string_view bytes);
  transport::StreamFeed::Decode LineDecoder() const;
  void TakeLine(std::string_view line);
  void Resume();
  void EndLines();
  void SendHead();
  void Beat();
  void WatchIdle();

  const transport::Context& context_;
  http::Exchange& exchange_;
  RouteMatch route_;
  std::shared_ptr<Call> call_;

  // Request: one of the two.
  transport::BodyCollector collector_;
  std::optional<transport::StreamFeed> feed_;  // of a client stream
  transport::Backlog backlog_;
  LineCutter lines_;
  transport::StreamFeed::Decode decode_;
  BudgetHold partial_;  // a long line that is still coming
  bool body_ended_ = false;
  transport::IdleTimer idle_;

  // Response.
  StreamForm form_ = StreamForm::kNdjson;
  std::string answer_;  // of a client stream
  LateAnswer late_;
  bool head_sent_ = false;
  TimePoint last_write_{};
  Loop::TimerId heartbeat_ = 0;
};

}  // namespace sluice::rest
