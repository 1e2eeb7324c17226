#include "api/open_inference/stream.h"

#include <algorithm>
#include <utility>

#include "api/open_inference/infer.h"
#include "base/error.h"

namespace sluice {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using inference::ModelStreamInferResponse;

// Requests of one stream in work at once; then reading stops and flow control does the rest.
constexpr size_t kWindow = 4;

ModelStreamInferResponse ToAnswer(absl::StatusOr<ModelInferResponse> result, const std::string& id) {
  ModelStreamInferResponse answer;
  if (result.ok()) {
    *answer.mutable_infer_response() = *std::move(result);
  } else {
    answer.set_error_message(std::string(result.status().message()));
    answer.mutable_infer_response()->set_id(id);
  }
  // Tells Triton's clients that a request has no more answers.
  (*answer.mutable_infer_response()->mutable_parameters())["triton_final_response"].set_bool_param(true);
  return answer;
}

}  // namespace

StreamInferHandler::StreamInferHandler(Call& call, const OpenInferenceContext& context)
    : call_(call), context_(context) {
  for (size_t i = 1; i < kWindow; ++i) call_.ReadMore();
}

StreamInferHandler::Pending* StreamInferHandler::Find(uint64_t number) {
  const uint64_t index = number - first_;
  return index < pending_.size() ? &pending_[index] : nullptr;
}

void StreamInferHandler::OnMessage(MessagePtr message) {
  auto& request = static_cast<ModelInferRequest&>(*message);
  const uint64_t number = first_ + pending_.size();
  pending_.push_back({.id = request.id()});
  Start(number, request);
}

void StreamInferHandler::Start(uint64_t number, ModelInferRequest& request) {
  const auto self = call_.weak_from_this();
  const TimePoint now = call_.loop().clock().Now();
  const TimePoint longest = std::min(call_.deadline(), now + call_.method().default_deadline);
  const TimePoint deadline = InferDeadline(request, now, longest);
  // The call object owns this handler.
  auto ticket = SubmitInfer(context_.pipeline, call_.shared_from_this(), request, deadline,
                            [this, number, self](absl::StatusOr<ModelInferResponse> result) {
                              if (const auto call = self.lock()) Answer(number, std::move(result));
                            });
  if (!ticket.ok()) return Answer(number, ticket.status());
  Pending& pending = *Find(number);
  pending.ticket = *ticket;
  pending.timer = call_.loop().At(deadline, [this, number, self] {
    if (const auto call = self.lock())
      Answer(number, Error(Reason::DEADLINE_EXCEEDED, "no result in time for this request"));
  });
}

void StreamInferHandler::Answer(uint64_t number, absl::StatusOr<ModelInferResponse> result) {
  Pending* pending = Find(number);
  if (call_.done() || pending == nullptr || pending->answer) return;
  call_.loop().Cancel(pending->timer);
  if (!result.ok() && pending->ticket != 0) context_.pipeline.Cancel(pending->ticket);
  pending->answer = ToAnswer(std::move(result), pending->id);
  Flush();
}

void StreamInferHandler::Flush() {
  while (!pending_.empty() && pending_.front().answer && call_.CanWrite()) {
    const ModelStreamInferResponse answer = *std::move(pending_.front().answer);
    pending_.pop_front();
    ++first_;
    call_.Send(answer);
    if (!context_.draining) call_.ReadMore();
  }
  if (!pending_.empty()) return;
  if (ended_) {
    call_.Finish(absl::OkStatus());
  } else if (context_.draining) {
    call_.Fail(Error(Reason::SHUTTING_DOWN, "the server is shutting down; open the stream again"));
  }
}

void StreamInferHandler::OnRequestEnd() {
  ended_ = true;
  Flush();
}

void StreamInferHandler::OnCancel() {
  for (Pending& pending : pending_) {
    call_.loop().Cancel(pending.timer);
    if (!pending.answer && pending.ticket != 0) context_.pipeline.Cancel(pending.ticket);
  }
}

}  // namespace sluice
