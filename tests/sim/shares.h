// Clients that always have something waiting: whatever each of them sends (many or few calls at a time, long deadlines
// or short ones), each gets its share of the workers, less one batch and what its refusals cost.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/client.h"
#include "tests/sim/world.h"

namespace sluice::sim {

class Shares {
 public:
  explicit Shares(uint64_t seed) : world_(seed), random_(world_.random) {
    const uint64_t principals = 2 + random_.Below(4);
    for (uint64_t i = 0; i < principals; ++i) ahead_.push_back(6 + random_.Below(i == 0 ? 60 : 6));
    clients_.resize(principals);
  }

  std::string Live() {
    Step(std::chrono::seconds(1));  // run times become known
    world_.journal.used().clear();
    refused_.clear();
    Step(std::chrono::seconds(10));
    Duration all{}, least = Duration::max();
    for (const auto& [principal, used] : world_.journal.used()) {
      all += used;
      least = std::min(least, used + refused_[principal] * SchedulerCore::kRefusalCost);
    }
    // A run takes up to 5 ms; one is under way on each worker at either end, and clocks are corrected when it is over.
    const Duration fair = all / static_cast<int64_t>(clients_.size());
    const Duration batch = std::chrono::milliseconds(10) * (2 * world_.scheduler.workers() + 1);
    if (world_.journal.used().size() != clients_.size() || least < fair - batch)
      world_.journal.Break(StrCat("a client got ", ToMs(least), " ms of ", ToMs(fair)));
    for (auto& mine : clients_) mine.clear();
    world_.loop.Advance(std::chrono::minutes(20));
    return world_.journal.broken().empty() ? std::string() : world_.journal.broken().front();
  }
  size_t calls() const { return made_; }

 private:
  void Step(Duration time) {
    for (Duration passed{}; passed < time; passed += std::chrono::milliseconds(1)) {
      for (size_t i = 0; i < clients_.size(); ++i) Refill(i);
      world_.loop.Advance(std::chrono::milliseconds(1));
    }
  }
  void Refill(size_t i) {
    const std::string ip = StrCat("10.0.0.", i);
    std::erase_if(clients_[i], [&](const auto& client) {
      refused_[PrincipalOf("", ip)] += client->refused();
      return client->over();
    });
    for (size_t tries = 0; clients_[i].size() < ahead_[i] && tries < 2; ++tries) {
      Plan plan{.kind = Kind::kPicture, .model = "pictures", .contents = {StrCat("once", ++made_)}};
      plan.client_ip = ip;
      plan.work_class = "batch";  // no slo
      plan.timeout_s = i % 2 == 0 ? "30" : "60";
      clients_[i].push_back(std::make_unique<Client>(world_, world_.journal, std::move(plan)));
    }
  }

  World world_;
  Random& random_;
  std::vector<size_t> ahead_;  // calls that each has under way
  std::vector<std::vector<std::unique_ptr<Client>>> clients_;
  std::map<Principal, int64_t> refused_;
  size_t made_ = 0;
};

}  // namespace sluice::sim
