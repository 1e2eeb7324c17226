// What happens to a world, by chance: calls of all kinds and classes in trickles and floods, duplicates, clients that
// go away, models that fall ill, recover, are loaded again and unloaded, rules that are read again, a store that is
// down for a while, a drain and the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/client.h"
#include "tests/sim/world.h"

namespace sluice::sim {

class Life {
 public:
  Life(uint64_t seed, size_t calls) : world_(seed), random_(world_.random), calls_(calls) {}

  // The first broken invariant; empty: none.
  std::string Live() {
    NextPhase();
    while (opened_ < calls_ && world_.journal.broken().empty()) {
      if (--events_ == 0) NextPhase();
      world_.loop.Advance(std::chrono::duration_cast<Duration>(
          std::chrono::duration<double, std::milli>(-std::log(1 - random_.Uniform()) * gap_ms_)));
      Event();
      if (opened_ % 64 == 0) Forget();
    }
    Drain();
    return world_.journal.broken().empty() ? std::string() : world_.journal.broken().front();
  }
  size_t computed() const { return world_.journal.computed; }

 private:
  bool Chance(uint64_t one_in) { return random_.Below(one_in) == 0; }

  // For a while it goes on like this.
  void NextPhase() {
    events_ = 50 + random_.Below(500);
    // When it is down, it may say so at once, or nothing until patience with it ends.
    const bool down = Chance(5), slow = Chance(4);
    world_.SetStore(down, std::chrono::milliseconds(slow ? 20 : Chance(2) ? 1 : 0));
    gap_ms_ = std::exp(random_.Uniform() * 5 - 3);  // 0.05 to 7 ms: a call takes some 4 ms of a worker
    kinds_ = 1 + random_.Below(4);
    principals_ = 1 + random_.Below(6);
    for (const char* id : {"pictures", "fragile", "stand_in", "texts", "tensors"})
      world_.models.health[id] = Chance(3) ? static_cast<Health>(random_.Below(5)) : Health::kWell;
  }

  void Event() {
    const uint64_t dice = random_.Below(1000);
    if (dice < 900) {
      for (uint64_t i = 0, burst = Chance(50) ? 30 : 1; i < burst; ++i) Open(Chance(6) ? Again() : New());
    } else if (dice < 990) {
      if (!clients_.empty()) clients_[random_.Below(clients_.size())]->GoAway();
    } else if (dice < 996) {
      (void)world_.repository.LoadModel(AnyModel());
    } else if (dice < 997) {
      world_.ReloadRules();
      const std::string id = AnyModel();
      (void)world_.repository.UnloadModel(id);
      if (Chance(2)) (void)world_.repository.LoadModel(id);
    } else {
      for (const char* id : {"pictures", "fragile", "stand_in", "texts", "tensors"})
        (void)world_.repository.LoadModel(id);
    }
    world_.loop.Run();
  }

  std::string AnyModel() {
    constexpr const char* kIds[] = {"pictures", "fragile", "stand_in", "texts", "tensors"};
    return kIds[random_.Below(5)];
  }

  Plan New() {
    Plan plan;
    plan.kind = static_cast<Kind>(random_.Below(kinds_));
    const bool replays = plan.kind != Kind::kStream && Chance(4);
    size_t contents = 1;
    plan.model = Chance(2) ? "pictures" : "fragile";
    if (plan.kind == Kind::kTexts) {
      plan.model = "texts";
      contents = replays ? 1 : 1 + random_.Below(Chance(20) ? 100 : 8);
    }
    if (plan.kind == Kind::kTensor) plan.model = "tensors";
    if (plan.kind == Kind::kStream) contents = 1 + random_.Below(6);
    for (size_t i = 0; i < contents; ++i)
      plan.contents.push_back(StrCat(replays ? "same" : Chance(50) ? "bad" : "once", ++made_));
    plan.client_ip = StrCat("10.0.0.", random_.Below(principals_));
    if (Chance(3)) plan.work_class = std::string(ToString(static_cast<WorkClass>(random_.Below(kWorkClasses))));
    if (!Chance(4)) plan.timeout_s = StrCat(0.01 + random_.Uniform() * (Chance(4) ? 5 : 0.2)).substr(0, 6);
    if (replays) {
      plan.request_id = StrCat("id-", made_);
      same_.push_back(plan);
      if (same_.size() > 40) same_.pop_front();
    }
    return plan;
  }
  // A call that was made before, once more.
  Plan Again() {
    if (same_.empty()) return New();
    Plan plan = same_[random_.Below(same_.size())];
    plan.timeout_s = StrCat(0.01 + random_.Uniform()).substr(0, 6);
    return plan;
  }
  void Open(Plan plan) {
    ++opened_;
    clients_.push_back(std::make_unique<Client>(world_, world_.journal, std::move(plan)));
  }
  void Forget() {
    std::erase_if(clients_, [](const auto& client) { return client->over(); });
  }

  void Drain() {
    world_.draining = true;
    for (const auto& client : clients_) client->Drain();
    world_.loop.Advance(std::chrono::seconds(random_.Below(2) * 10));
    world_.scheduler.Shutdown();
    world_.loop.Advance(std::chrono::minutes(20));  // every deadline passes
    for (const auto& client : clients_) {
      if (!client->over()) world_.journal.Break("a call that did not end");
    }
    if (world_.scheduler.waiting() != 0) world_.journal.Break("work that was left waiting");
    if (world_.scheduler.IdleWorkers() != static_cast<size_t>(world_.scheduler.workers()))
      world_.journal.Break("a worker that was left busy");
    clients_.clear();
  }

  World world_;
  Random& random_;
  const size_t calls_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::deque<Plan> same_;
  size_t opened_ = 0, made_ = 0, events_ = 1;
  double gap_ms_ = 1;
  uint64_t kinds_ = 1, principals_ = 1;
};

}  // namespace sluice::sim
