// Where the answers of requests are kept, so that the same request is computed once: idempotency's layer asks it, a memory of this
// process (memory_store.h) or a store of several replicas answers.
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
    kCompute,    // by this caller: Complete or Abandon must follow
    kReplay,     // answered already: the record
    kOtherBody,  // the key was used with another body
  };
  using Caller = IdempotencyTable::Caller;
  using Told = std::function<void(Verdict, IdempotencyRecord)>;

  virtual ~IdempotencyStore() = default;

  // `told` is called on `loop`, once: before this returns, or later, when somebody computes it now. Forget ends the waiting.
  virtual Caller Begin(const std::string& key, const std::string& digest, Loop& loop, Told told) = 0;
  // Of a caller that computes.
  virtual void Complete(const std::string& key, Caller caller, IdempotencyRecord record) = 0;
  virtual void Abandon(const std::string& key, Caller caller) = 0;
  // Of one that waits: `told` is not called from then on.
  virtual void Forget(const std::string& key, Caller caller) = 0;
};

}  // namespace sluice
