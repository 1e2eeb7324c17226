// Messages of one streaming call in progress: each is submitted with a deadline of its own and answered once, by its
// result, by an error or by its deadline.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "api/streaming/stream_answer.h"
#include "base/error.h"
#include "call/call.h"

namespace sluice {

// What an answer looks like is its StreamAnswer's business.
template <typename Request, typename Response>
class MessageRunner {
 public:
  // Gets the whole answer. Runs on the call's loop, possibly inside Start.
  using Done = std::function<void(uint32_t sequence, Response answer)>;
  using Finish = absl::AnyInvocable<void(absl::StatusOr<Response>)>;
  // Starts the work of one message; the task it returns takes out of the queues what still waits. On an error `finish`
  // does not run.
  using Submit = std::function<absl::StatusOr<Task>(Request request, TimePoint deadline, Finish finish)>;

  // A member of the call's handler, so that it lives as long as the call.
  MessageRunner(Call& call, Submit submit, Done done)
      : call_(call), submit_(std::move(submit)), done_(std::move(done)) {}

  // `latency` counts from `received`. `sequence` differs from those of the messages in progress.
  void Start(uint32_t sequence, Request request, TimePoint received);
  // The call ended in another way: nothing more is answered, what waits in a queue is dropped.
  void Cancel();
  size_t in_work() const { return items_.size(); }

 private:
  struct Item {
    uint32_t sequence;
    TimePoint received;
    StreamAnswer<Request, Response> form;
    Task cancel;
    Loop::TimerId timer = 0;
  };

  void Answer(uint32_t sequence, absl::StatusOr<Response> result);
  Item* Find(uint32_t sequence) {
    const auto it = std::find_if(items_.begin(), items_.end(), [=](const Item& i) { return i.sequence == sequence; });
    return it == items_.end() ? nullptr : &*it;
  }

  Call& call_;
  const Submit submit_;
  const Done done_;
  absl::InlinedVector<Item, 4> items_;
};

template <typename Request, typename Response>
void MessageRunner<Request, Response>::Start(uint32_t sequence, Request request, TimePoint received) {
  using Form = StreamAnswer<Request, Response>;
  items_.push_back({.sequence = sequence, .received = received, .form = Form(request), .cancel = nullptr});
  const auto self = call_.weak_from_this();
  const TimePoint now = call_.loop().clock().Now();
  const TimePoint longest = std::min(call_.deadline(), now + call_.method().default_deadline);
  const TimePoint deadline = Form::DeadlineOf(request, now, longest);
  auto cancel = submit_(std::move(request), deadline, [this, sequence, self](absl::StatusOr<Response> result) {
    if (const auto call = self.lock()) Answer(sequence, std::move(result));
  });
  if (!cancel.ok()) return Answer(sequence, cancel.status());
  Item* item = Find(sequence);
  if (item == nullptr) return;  // every part of it was refused at once
  item->cancel = *std::move(cancel);
  item->timer = call_.loop().At(deadline, [this, sequence, self] {
    if (const auto call = self.lock())
      Answer(sequence, Error(Reason::DEADLINE_EXCEEDED, "no result in time for this message"));
  });
}

// The first of {result, deadline} wins; later ones are ignored.
template <typename Request, typename Response>
void MessageRunner<Request, Response>::Answer(uint32_t sequence, absl::StatusOr<Response> result) {
  Item* item = Find(sequence);
  if (call_.done() || item == nullptr) return;
  call_.loop().Cancel(item->timer);
  if (!result.ok() && item->cancel) item->cancel();
  Response answer = result.ok() ? *std::move(result) : item->form.Failed(call_, result.status());
  item->form.Complete(answer, sequence, ToMs(call_.loop().clock().Now() - item->received));
  items_.erase(item);
  done_(sequence, std::move(answer));
}

template <typename Request, typename Response>
void MessageRunner<Request, Response>::Cancel() {
  for (Item& item : items_) {
    call_.loop().Cancel(item.timer);
    if (item.cancel) item.cancel();
  }
  items_.clear();
}

}  // namespace sluice
