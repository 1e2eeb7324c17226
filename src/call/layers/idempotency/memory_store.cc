#include "call/layers/idempotency/memory_store.h"

#include <utility>
#include <vector>

#include "base/executor.h"

namespace sluice {

IdempotencyStore::Caller MemoryIdempotencyStore::Begin(const std::string& key, const std::string& digest, Loop& loop,
                                                       Told told) {
  IdempotencyTable::Begun begun;
  Caller caller = 0;
  {
    const std::lock_guard lock(mutex_);
    caller = ++last_;
    begun = table_.Begin(key, digest, caller, clock_.Now());
    if (begun.found == IdempotencyTable::Found::kWait) waiting_.emplace(caller, Waiting{&loop, std::move(told)});
  }
  switch (begun.found) {
    case IdempotencyTable::Found::kCompute: told(Verdict::kCompute, nullptr); break;
    case IdempotencyTable::Found::kReplay: told(Verdict::kReplay, std::move(begun.record)); break;
    case IdempotencyTable::Found::kOtherBody: told(Verdict::kOtherBody, nullptr); break;
    case IdempotencyTable::Found::kWait: break;
  }
  return caller;
}

MemoryIdempotencyStore::Waiting MemoryIdempotencyStore::Take(Caller caller) {
  const auto it = waiting_.find(caller);
  Waiting waiting = std::move(it->second);
  waiting_.erase(it);
  return waiting;
}

void MemoryIdempotencyStore::Complete(const std::string& key, Caller caller, IdempotencyRecord record) {
  std::vector<Waiting> told;
  {
    const std::lock_guard lock(mutex_);
    for (const Caller one : table_.Complete(key, caller, record, clock_.Now())) told.push_back(Take(one));
  }
  for (Waiting& one : told) {
    one.loop->Post([told = std::move(one.told), record]() mutable { told(Verdict::kReplay, std::move(record)); });
  }
}

void MemoryIdempotencyStore::Abandon(const std::string& key, Caller caller) {
  Waiting next{};
  {
    const std::lock_guard lock(mutex_);
    const Caller one = table_.Abandon(key, caller);
    if (one == 0) return;
    next = Take(one);
  }
  next.loop->Post([told = std::move(next.told)] { told(Verdict::kCompute, nullptr); });
}

void MemoryIdempotencyStore::Forget(const std::string& key, Caller caller) {
  const std::lock_guard lock(mutex_);
  if (waiting_.erase(caller) > 0) table_.Forget(key, caller);
}

}  // namespace sluice
