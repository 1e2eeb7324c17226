#include "call/layers/idempotency/shared_store.h"

#include <algorithm>
#include <utility>

#include "base/executor.h"

namespace sluice {
namespace {

// Until another replica's computation is looked at again: twice as long each time.
constexpr Duration kLookMin = std::chrono::milliseconds(5);
constexpr Duration kLookMax = std::chrono::milliseconds(50);
// A store that says so often in a row that somebody's claim has just ended, and keeps none of ours, is of no use.
constexpr int kEndedMax = 4;

}  // namespace

// Belongs to its caller's loop.
struct SharedIdempotencyStore::Flight {
  Ask ask;
  Told told;
  std::string token;
  bool asked = false;  // the others: no one here computes it
  bool owns = false;   // the lease
  Duration look = kLookMin;
  int ended = 0;            // in a row
  Loop::TimerId timer = 0;  // the next look, or the next renewal

  SharedRecords::Slot slot() const { return {.key = ask.key, .digest = ask.digest, .token = token}; }
  void StopTimer() { ask.loop->Cancel(std::exchange(timer, 0)); }
};

SharedIdempotencyStore::SharedIdempotencyStore(std::unique_ptr<MemoryIdempotencyStore> local,
                                               std::unique_ptr<SharedRecords> shared, SharedRandom& random,
                                               Options options)
    : local_(std::move(local)), shared_(std::move(shared)), random_(random), options_(std::move(options)) {}

SharedIdempotencyStore::~SharedIdempotencyStore() = default;

bool SharedIdempotencyStore::IsUnderWay(Caller caller) const {
  const std::lock_guard lock(mutex_);
  return flights_.contains(caller);
}

SharedIdempotencyStore::FlightPtr SharedIdempotencyStore::Take(Caller caller) {
  const std::lock_guard lock(mutex_);
  const auto it = flights_.find(caller);
  if (it == flights_.end()) return nullptr;
  FlightPtr flight = std::move(it->second);
  flights_.erase(it);
  flight->StopTimer();
  return flight;
}

void SharedIdempotencyStore::Begin(const Ask& ask, Told told) {
  const auto flight = std::make_shared<Flight>();
  flight->ask = ask;
  flight->told = std::move(told);
  {
    const std::lock_guard lock(mutex_);
    flights_.emplace(ask.caller, flight);
  }
  local_->Begin(ask,
                [this, flight](Verdict verdict, const IdempotencyRecord& record) { OnLocal(flight, verdict, record); });
}

void SharedIdempotencyStore::OnLocal(const FlightPtr& flight, Verdict verdict, const IdempotencyRecord& record) {
  if (verdict != Verdict::kCompute) {
    Take(flight->ask.caller);
    return Tell(flight, verdict, record);
  }
  if (!IsUnderWay(flight->ask.caller)) return local_->Abandon(flight->ask);  // it went before it heard of its turn
  flight->asked = true;
  flight->token = random_.With([](Random& random) {
    const uint64_t numbers[] = {random.Next(), random.Next()};
    return std::string(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  });
  Claim(flight);
}

void SharedIdempotencyStore::Claim(const FlightPtr& flight) {
  shared_->Claim(*flight->ask.loop, flight->slot(), kLease,
                 [this, flight](const absl::StatusOr<SharedRecords::Claimed>& claimed) { OnClaimed(flight, claimed); });
}

void SharedIdempotencyStore::OnClaimed(const FlightPtr& flight, const absl::StatusOr<SharedRecords::Claimed>& claimed) {
  using By = SharedRecords::Claimed::By;
  flight->owns = claimed.ok() && claimed->by == By::kUs;
  if (!IsUnderWay(flight->ask.caller)) return Release(*flight);  // and Forget has told the local store
  flight->ended = claimed.ok() && claimed->by == By::kOther && claimed->digest.empty() ? flight->ended + 1 : 0;
  if (!claimed.ok() || flight->ended == kEndedMax) {
    options_.on_error();
    return Tell(flight, Verdict::kCompute, nullptr);
  }
  if (!flight->owns) return OnOther(flight, *claimed);
  RenewLater(flight);
  Tell(flight, Verdict::kCompute, nullptr);
}

void SharedIdempotencyStore::OnOther(const FlightPtr& flight, const SharedRecords::Claimed& claimed) {
  const Ask& ask = flight->ask;
  if (!claimed.digest.empty() && claimed.digest != ask.digest) {
    Take(ask.caller);
    local_->Abandon(ask);
    return Tell(flight, Verdict::kOtherBody, nullptr);
  }
  if (claimed.by == SharedRecords::Claimed::By::kRecorded) {
    Take(ask.caller);
    local_->Complete(ask, claimed.record);
    return Tell(flight, Verdict::kReplay, claimed.record);
  }
  if (flight->look == kLookMin) options_.on_wait();
  flight->timer = ask.loop->At(ask.loop->Now() + flight->look, [this, flight] {
    flight->timer = 0;
    Claim(flight);
  });
  flight->look = std::min(2 * flight->look, kLookMax);
}

void SharedIdempotencyStore::Tell(const FlightPtr& flight, Verdict verdict, const IdempotencyRecord& record) {
  const Told told = std::exchange(flight->told, nullptr);
  told(verdict, record);
}

// A renewal that fails is no harm yet: the next one may not.
void SharedIdempotencyStore::RenewLater(const FlightPtr& flight) {
  Loop& loop = *flight->ask.loop;
  flight->timer = loop.At(loop.Now() + kRenewal, [this, flight] {
    shared_->Renew(*flight->ask.loop, flight->slot(), kLease, Count());
    RenewLater(flight);
  });
}

void SharedIdempotencyStore::Complete(const Ask& ask, IdempotencyRecord record) {
  if (const FlightPtr flight = Take(ask.caller)) {
    shared_->Record(*ask.loop, flight->slot(), *record, options_.time_to_live, Count());
  }
  local_->Complete(ask, std::move(record));
}

// The lease goes first, so that the next one here finds it free: commands of a loop keep their order.
void SharedIdempotencyStore::Abandon(const Ask& ask) {
  if (const FlightPtr flight = Take(ask.caller)) Release(*flight);
  local_->Abandon(ask);
}

void SharedIdempotencyStore::Dissolve(const Ask& ask) {
  if (const FlightPtr flight = Take(ask.caller)) Release(*flight);
  local_->Dissolve(ask);
}

void SharedIdempotencyStore::Forget(const Ask& ask) {
  const FlightPtr flight = Take(ask.caller);
  if (flight == nullptr || !flight->asked) return local_->Forget(ask);
  local_->Abandon(ask);
}

void SharedIdempotencyStore::Release(Flight& flight) {
  if (std::exchange(flight.owns, false)) shared_->Release(*flight.ask.loop, flight.slot(), Count());
}

SharedRecords::Failed SharedIdempotencyStore::Count() const {
  return [this](const absl::Status&) { options_.on_error(); };
}

}  // namespace sluice
