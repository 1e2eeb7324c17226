#include "call/layers/idempotency/table.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// Of an entry beside its texts: list node, map slot, control block of the record.
constexpr size_t kEntryBytes = 320;

}  // namespace

size_t IdempotencyTable::Entry::bytes() const {
  return kEntryBytes + key.capacity() + digest.capacity() + (record == nullptr ? 0 : record->capacity());
}

IdempotencyTable::Entries::iterator IdempotencyTable::Find(std::string_view key) {
  const auto it = index_.find(key);
  return it == index_.end() ? entries_.end() : it->second;
}

IdempotencyTable::Begun IdempotencyTable::Begin(std::string_view key, std::string_view digest, Caller caller,
                                                TimePoint now) {
  auto entry = Find(key);
  if (entry != entries_.end() && entry->computes == 0 && entry->expires <= now) {
    Erase(entry);
    entry = entries_.end();
  }
  if (entry == entries_.end()) {
    entries_.push_front({.key = std::string(key), .digest = std::string(digest), .computes = caller});
    index_.emplace(entries_.front().key, entries_.begin());
    return {.found = Found::kCompute};
  }
  if (entry->digest != digest) return {.found = Found::kOtherBody};
  if (entry->computes != 0) {
    entry->waiting.push_back(caller);
    return {.found = Found::kWait};
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return {.found = Found::kReplay, .record = entry->record};
}

std::vector<IdempotencyTable::Caller> IdempotencyTable::Complete(std::string_view key, Caller caller,
                                                                 IdempotencyRecord record, TimePoint now) {
  const auto entry = Find(key);
  if (entry == entries_.end() || entry->computes != caller) return {};
  std::vector<Caller> waiting = std::exchange(entry->waiting, {});
  if (record->size() > options_.record_bytes_max) {
    Drop(entry);
    return waiting;
  }
  entry->record = std::move(record);
  entry->computes = 0;
  entry->expires = now + options_.time_to_live;
  bytes_ += entry->bytes();
  entries_.splice(entries_.begin(), entries_, entry);
  Trim(now);
  return waiting;
}

IdempotencyTable::Caller IdempotencyTable::Abandon(std::string_view key, Caller caller) {
  const auto entry = Find(key);
  if (entry == entries_.end() || entry->computes != caller) return 0;
  if (entry->waiting.empty()) {
    Drop(entry);
    return 0;
  }
  entry->computes = entry->waiting.front();
  entry->waiting.erase(entry->waiting.begin());
  return entry->computes;
}

std::vector<IdempotencyTable::Caller> IdempotencyTable::Dissolve(std::string_view key, Caller caller) {
  const auto entry = Find(key);
  if (entry == entries_.end() || entry->computes != caller) return {};
  std::vector<Caller> waiting = std::move(entry->waiting);
  Drop(entry);
  return waiting;
}

void IdempotencyTable::Forget(std::string_view key, Caller caller) {
  const auto entry = Find(key);
  if (entry != entries_.end()) std::erase(entry->waiting, caller);
}

void IdempotencyTable::Drop(Entries::iterator entry) {
  index_.erase(entry->key);
  entries_.erase(entry);
}

void IdempotencyTable::Erase(Entries::iterator entry) {
  bytes_ -= entry->bytes();
  Drop(entry);
}

// From the longest unused one on; what is being computed is passed over, and moves to the front so that it is not met
// again.
void IdempotencyTable::Trim(TimePoint now) {
  for (size_t looks = entries_.size(); looks > 0 && !entries_.empty(); --looks) {
    const auto last = std::prev(entries_.end());
    if (last->computes != 0) {
      entries_.splice(entries_.begin(), entries_, last);
    } else if (bytes_ > options_.bytes_max || last->expires <= now) {
      Erase(last);
    } else {
      return;
    }
  }
}

}  // namespace sluice
