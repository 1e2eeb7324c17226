#include <optional>
#include <utility>

#include "base/error.h"
#include "base/no_memory.h"
#include "transport/grpc/exchange.h"

namespace sluice::grpc {

struct GrpcExchange::Parcel {
  const Method& method;
  const MessageForm& form;
  Budget& budget;
  std::string bytes;
  std::optional<LargeValue> large;
  bool compressed, gzip;
  size_t wire_bytes, bytes_max;
  std::stop_token stop;
  BudgetHold hold;
  absl::StatusOr<MessagePtr> parsed = NoMemoryFor("this request");  // until it is there

  void Parse() {
    DecodeMemory memory(budget, hold, bytes_max);
    const Deframer::Frame frame{compressed, bytes, large ? &*large : nullptr, wire_bytes};
    parsed = ParseMessage(method, frame, form, gzip, memory, stop);
    bytes = std::string();
  }
};

absl::Status GrpcExchange::ParseAsChore(const Deframer::Frame& frame) {
  const ChoreOwner owner = call_->chore_owner();
  Parcel parcel{.method = call_->method(),
                .form = wire_.form,
                .budget = context_.budget,
                .bytes = deframer_.Keep(frame),
                .large = frame.large != nullptr ? std::optional(std::move(*frame.large)) : std::nullopt,
                .compressed = frame.compressed,
                .gzip = gzip_request_,
                .wire_bytes = frame.wire_bytes,
                .bytes_max = deframer_.message_bytes_max(),
                .stop = owner.stop,
                .hold = BudgetHold(context_.budget, frame.wire_bytes)};
  Task chore = lifeline_.RoundTrip(
      exchange_.loop(), std::move(parcel), [](Parcel& on_worker) { on_worker.Parse(); },
      [this](Parcel back) { OnParsedByWorker(std::move(back)); });
  if (!context_.chores.TryPost(owner, chore)) {
    return Error(Reason::OVERLOADED, "too many large messages are waiting to be parsed; retry later");
  }
  parsing_ = true;
  return absl::OkStatus();
}

void GrpcExchange::OnParsedByWorker(Parcel parcel) {
  parsing_ = false;
  if (!call_->done()) {
    absl::Status status = OnParsed(std::move(parcel.parsed), std::move(parcel.hold), parcel.wire_bytes);
    if (!status.ok()) call_->Fail(std::move(status));
  }
  Resume();  // a call that is over gives back what waits, too
}

}  // namespace sluice::grpc
