// Where the answers of requests are kept, so that the same request is computed once: idempotency's layer asks it, a
// memory of this process (memory_store.h) or a store of several replicas (shared_store.h) answers.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "call/layers/idempotency/table.h"

namespace sluice {

class Loop;

class IdempotencyStore {
 public:
  enum class Verdict {
    kCompute,    // by this caller: Complete, Abandon or Dissolve must follow
    kAlone,      // the same, for itself: nothing follows
    kReplay,     // answered already: the record
    kOtherBody,  // the key was used with another body
  };
  using Caller = IdempotencyTable::Caller;
  using Told = std::function<void(Verdict, IdempotencyRecord)>;
  // Who asks, for what.
  struct Ask {
    std::string key;
    std::string digest;
    Caller caller = 0;
    Loop* loop = nullptr;  // where the caller lives: all of it happens there
  };

  virtual ~IdempotencyStore() = default;

  // `told` is called on the loop, once: before this returns, or later, when somebody computes it now.
  virtual void Begin(const Ask& ask, Told told) = 0;
  // Of a caller that computes: its answer, for everyone.
  virtual void Complete(const Ask& ask, IdempotencyRecord record) = 0;
  // It ended without one, and the first who waits computes.
  virtual void Abandon(const Ask& ask) = 0;
  // It has an answer that is for itself alone: everyone who waits computes alone, too.
  virtual void Dissolve(const Ask& ask) = 0;
  // Of one that was not told yet. If it was about to be told, `told` may still be called, and what it says be taken
  // back by Abandon.
  virtual void Forget(const Ask& ask) = 0;
};

}  // namespace sluice
