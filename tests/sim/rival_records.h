// What this replica shares with others, who are there, too: now and then one of them has claimed a request first, and
// is never heard of again. Until its lease ends nobody else computes it.
#pragma once

#include <string>
#include <utility>

#include "base/random.h"
#include "call/layers/idempotency/testing/fake_shared_records.h"
#include "tests/sim/journal.h"

namespace sluice::sim {

class RivalRecords final : public FakeRecords {
 public:
  RivalRecords(FakeShared& shared, Journal& journal, Random& random)
      : FakeRecords(shared), shared_(shared), journal_(journal), random_(random) {}

  void Claim(Loop& loop, const Slot& slot, Duration lease, Told told) override {
    const std::string content = ContentOf(slot);
    if (!shared_.down && shared_.Find(slot.key) == nullptr && random_.Below(4) == 0) {
      const Duration held = std::chrono::milliseconds(1 + random_.Below(300));
      shared_.Set(slot.key, ClaimOf({.digest = slot.digest, .token = std::string(slot.token.size(), 'R')}), held);
      journal_.Held(content, loop.Now(), held);
    }
    FakeRecords::Claim(loop, slot, lease, [this, content, told = std::move(told)](const auto& claimed) {
      if (!claimed.ok()) journal_.Freed(content);  // it cannot know who holds it
      told(claimed);
    });
  }

 private:
  // Life gives the request for "same7" the id "id-7".
  static std::string ContentOf(const Slot& slot) {
    const size_t id = slot.key.find(" id-") + 4;
    return "same" + slot.key.substr(id, slot.key.find(' ', id) - id);
  }

  FakeShared& shared_;
  Journal& journal_;
  Random& random_;
};

}  // namespace sluice::sim
