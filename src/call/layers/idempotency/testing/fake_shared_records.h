// What Redis would do for several replicas, in simulated time: it can be down, and a replica can be cut off from it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/executor.h"
#include "call/layers/idempotency/redis_records.h"

namespace sluice {

// What all replicas see.
class FakeShared {
 public:
  explicit FakeShared(const Clock& clock) : clock_(clock) {}

  std::string* Find(const std::string& key) {
    const auto it = values_.find(key);
    return it == values_.end() || it->second.second <= clock_.Now() ? nullptr : &it->second.first;
  }
  void Set(const std::string& key, const std::string& value, Duration life) {
    values_[key] = {value, clock_.Now() + life};
  }
  void Erase(const std::string& key) { values_.erase(key); }

  bool down = false;
  Duration answers_after = std::chrono::milliseconds(1);
  std::set<const void*> crashed;  // replicas that say nothing any more

 private:
  const Clock& clock_;
  std::map<std::string, std::pair<std::string, TimePoint>> values_;
};

// One replica's way to it.
class FakeRecords : public SharedRecords {
 public:
  explicit FakeRecords(FakeShared& shared) : shared_(shared) {}

  void Claim(Loop& loop, const Slot& slot, Duration lease, Told told) override {
    Later(loop, [this, slot, lease, told = std::move(told)] {
      if (shared_.down) return told(absl::UnavailableError("down"));
      if (shared_.Find(slot.key) == nullptr) shared_.Set(slot.key, ClaimOf(slot), lease);
      told(ReadSharedValue(*shared_.Find(slot.key), slot.token));
    });
  }
  void Renew(Loop& loop, const Slot& slot, Duration lease, Failed failed) override {
    IfOurs(loop, slot, std::move(failed), [=, this] { shared_.Set(slot.key, ClaimOf(slot), lease); });
  }
  void Record(Loop& loop, const Slot& slot, const std::string& record, Duration life, Failed failed) override {
    IfOurs(loop, slot, std::move(failed), [=, this] { shared_.Set(slot.key, "d" + slot.digest + record, life); });
  }
  void Release(Loop& loop, const Slot& slot, Failed failed) override {
    IfOurs(loop, slot, std::move(failed), [=, this] { shared_.Erase(slot.key); });
  }

 protected:
  static std::string ClaimOf(const Slot& slot) { return "r" + slot.token + slot.digest; }

 private:
  void Later(Loop& loop, std::function<void()> what) {
    if (!shared_.crashed.contains(this)) loop.At(loop.Now() + shared_.answers_after, std::move(what));
  }
  void IfOurs(Loop& loop, const Slot& slot, Failed failed, std::function<void()> what) {
    Later(loop, [this, slot, failed = std::move(failed), what = std::move(what)] {
      if (shared_.down) return failed(absl::UnavailableError("down"));
      const std::string* const value = shared_.Find(slot.key);
      if (value == nullptr || *value == ClaimOf(slot)) what();
    });
  }

  FakeShared& shared_;
};

}  // namespace sluice
