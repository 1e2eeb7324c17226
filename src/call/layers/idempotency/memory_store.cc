#include "call/layers/idempotency/memory_store.h"

#include <deque>
#include <map>
#include <utility>

#include "base/executor.h"

namespace sluice {
namespace {

// So many answers are written in one turn of a loop: two hundred would keep it busy for milliseconds.
constexpr size_t kToldPerTurn = 16;

}  // namespace

void MemoryIdempotencyStore::Begin(const Ask& ask, Told told) {
  using Found = IdempotencyTable::Found;
  IdempotencyTable::Begun begun;
  {
    const std::lock_guard lock(mutex_);
    begun = table_.Begin(ask.key, ask.digest, ask.caller, clock_.Now());
    if (begun.found == Found::kWait) waiting_.emplace(ask.caller, Waiting{ask.loop, std::exchange(told, nullptr)});
  }
  switch (begun.found) {
    case Found::kCompute: return told(Verdict::kCompute, nullptr);
    case Found::kReplay: return told(Verdict::kReplay, std::move(begun.record));
    case Found::kOtherBody: return told(Verdict::kOtherBody, nullptr);
    case Found::kWait: return on_wait_();  // told later
  }
}

std::vector<MemoryIdempotencyStore::Waiting> MemoryIdempotencyStore::Take(const Callers& callers) {
  std::vector<Waiting> taken;
  for (const Caller caller : callers) {
    const auto it = waiting_.find(caller);
    taken.push_back(std::move(it->second));
    waiting_.erase(it);
  }
  return taken;
}

// On each one's loop, a few per turn.
void MemoryIdempotencyStore::Tell(std::vector<Waiting> waiting, Verdict verdict, const IdempotencyRecord& record) {
  struct Rest {
    Loop* loop;
    Verdict verdict;
    IdempotencyRecord record;
    std::deque<Told> told;
    void Run() {
      for (size_t n = 0; n < kToldPerTurn && !told.empty(); ++n) {
        const Told one = std::move(told.front());
        told.pop_front();
        one(verdict, record);
      }
      // A timer, because what is posted belongs to the same turn.
      if (told.empty()) return;
      Loop& on = *loop;
      on.At(on.Now(), [rest = std::move(*this)]() mutable { rest.Run(); });
    }
  };
  std::map<Loop*, std::deque<Told>> loops;
  for (Waiting& one : waiting) loops[one.loop].push_back(std::move(one.told));
  for (auto& [loop, told] : loops) {
    loop->Post([rest = Rest{loop, verdict, record, std::move(told)}]() mutable { rest.Run(); });
  }
}

void MemoryIdempotencyStore::Complete(const Ask& ask, IdempotencyRecord record) {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = Take(table_.Complete(ask.key, ask.caller, record, clock_.Now()));
  }
  Tell(std::move(waiting), Verdict::kReplay, record);
}

void MemoryIdempotencyStore::Abandon(const Ask& ask) {
  std::vector<Waiting> next;
  {
    const std::lock_guard lock(mutex_);
    const Caller caller = table_.Abandon(ask.key, ask.caller);
    if (caller != 0) next = Take({caller});
  }
  Tell(std::move(next), Verdict::kCompute, nullptr);
}

void MemoryIdempotencyStore::Dissolve(const Ask& ask) {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = Take(table_.Dissolve(ask.key, ask.caller));
  }
  Tell(std::move(waiting), Verdict::kAlone, nullptr);
}

void MemoryIdempotencyStore::Forget(const Ask& ask) {
  const std::lock_guard lock(mutex_);
  if (waiting_.erase(ask.caller) > 0) table_.Forget(ask.key, ask.caller);
}

}  // namespace sluice
