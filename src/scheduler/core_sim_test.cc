// The scheduler core under thousands of random histories: arrivals in bursts, cancels, deadlines, unloading, shutdown,
// workers that are slow or fast. Time is simulated; a failure prints its seed, and Simulation(seed).Run() plays it
// again.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/testing/sanitized.h"
#include "gtest/gtest.h"
#include "scheduler/core.h"

namespace sluice {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

enum class State { kWaiting, kRunning, kDone, kDropped, kRefused };

// What the simulation itself knows of a job, apart from the core.
struct Job {
  State state = State::kRefused;
  QueueId queue = 0;
  uint64_t group = 0;
  Principal principal = 0;
  TimePoint deadline{}, arrived{};
  int priority = 0;
  Ticket ticket = 0;
  int destroyed = 0;
  auto Urgency() const { return std::tuple(std::min(deadline, arrived + QueueOptions().patience), -priority, ticket); }
};

struct SimWork final : Work {
  explicit SimWork(Job& j) : job(j) {}
  ~SimWork() override { ++job.destroyed; }
  void Dropped(absl::Status why) override {
    EXPECT_EQ(job.state, State::kWaiting) << "dropped although it was not waiting";
    job.state = State::kDropped;
  }
  Job& job;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : random_(seed),
        workers_(1 + static_cast<int>(random_.Below(4))),
        core_(workers_),
        free_(static_cast<size_t>(workers_), true) {}

  void Run() {
    for (int i = 0, n = 1 + static_cast<int>(random_.Below(4)); i < n; ++i) AddQueue();
    const int events = 50 + static_cast<int>(random_.Below(400));
    for (int i = 0; i < events && !::testing::Test::HasFailure(); ++i) {
      AdvanceTo(now_ + microseconds(random_.Below(load_)));
      Event();
      Check();
    }
    if (random_.Below(2) == 0) Shutdown();
    AdvanceTo(now_ + SchedulerCore::kLongestWait + seconds(20));  // every deadline passes, every batch ends
    Finish();
  }

 private:
  struct Limits {
    size_t max_items, max_batch;
  };

  void AddQueue() {
    const Limits limits{1 + random_.Below(20), 1 + random_.Below(6)};
    queues_[core_.AddQueue({.name = "q", .max_items = limits.max_items, .max_batch = limits.max_batch})] = limits;
  }

  void Event() {
    const uint64_t dice = random_.Below(1000);
    if (dice < 750) {
      for (uint64_t i = 0, burst = random_.Below(10) == 0 ? 20 : 1; i < burst; ++i) Arrive();
    } else if (dice < 950) {
      CancelOne();
    } else if (dice < 975) {
      load_ = 1 + random_.Below(20'000);  // from a flood to a trickle
    } else if (dice < 985) {
      RemoveOne();
    } else if (dice < 995) {
      AddQueue();
    } else if (dice < 997) {
      Shutdown();
    }
  }

  void Arrive() {
    Job& job = *jobs_.emplace_back(std::make_unique<Job>());
    // Now and then a queue that was removed, or never was.
    job.queue = 1 + random_.Below(queues_.empty() ? 3 : queues_.rbegin()->first + 1);
    job.group = random_.Below(2);
    job.principal = random_.Below(principals_);
    job.arrived = now_;
    job.priority = static_cast<int>(random_.Below(3));
    const uint64_t kind = random_.Below(20);
    job.deadline = kind == 0 ? kNever : now_ + (kind == 1 ? milliseconds(0) : milliseconds(random_.Below(200)));
    std::unique_ptr<Work> work = std::make_unique<SimWork>(job);
    work->deadline = job.deadline;
    work->principal = job.principal;
    work->priority = job.priority;
    work->group = job.group;
    work->cost = 1 + random_.Uniform() * 3;
    Tell(core_.Expire(now_));
    const auto ticket = core_.Offer(job.queue, std::move(work), now_);
    EXPECT_EQ(ticket.ok(), work == nullptr) << "a refused job stays with its owner, a taken one does not";
    if (!ticket.ok()) return CheckRefusal(job, ticket.status());
    EXPECT_GT(job.deadline, now_) << "expired work was taken in";
    job.ticket = *ticket;
    job.deadline = std::min(job.deadline, now_ + SchedulerCore::kLongestWait);
    job.state = State::kWaiting;
    by_ticket_[job.ticket] = &job;
    TakeAll();
  }

  void CheckRefusal(const Job& job, const absl::Status& status) {
    const bool known = queues_.count(job.queue) != 0;
    switch (ReasonOf(status)) {
      case Reason::SHUTTING_DOWN: EXPECT_TRUE(shut_down_); break;
      case Reason::MODEL_UNAVAILABLE: EXPECT_FALSE(known); break;
      case Reason::OVERLOADED:
        // Full, or this principal's part of it is, or too long for this deadline.
        if (job.deadline == kNever) {
          const size_t waiting = WaitingIn(job.queue);
          const size_t own = std::count_if(jobs_.begin(), jobs_.end(), [&job](const auto& other) {
            return other->state == State::kWaiting && other->queue == job.queue && other->principal == job.principal;
          });
          EXPECT_GE(own + 1 + 3 * waiting, 3 * queues_[job.queue].max_items);
        }
        EXPECT_TRUE(RetryAfterOf(status).has_value());
        break;
      case Reason::DEADLINE_EXCEEDED: break;
      default: ADD_FAILURE() << status;
    }
  }

  void CancelOne() {
    if (by_ticket_.empty()) return;
    auto it = by_ticket_.lower_bound(random_.Below(by_ticket_.rbegin()->first) + 1);
    Job& job = *it->second;
    std::unique_ptr<Work> work = core_.Cancel(job.ticket);
    EXPECT_EQ(work != nullptr, job.state == State::kWaiting) << "cancel reaches exactly what waits";
    if (work != nullptr) work->Dropped(absl::CancelledError());
  }

  void RemoveOne() {
    if (queues_.empty()) return;
    const auto it = std::next(queues_.begin(), static_cast<long>(random_.Below(queues_.size())));
    Tell(core_.RemoveQueue(it->first));
    queues_.erase(it);
  }

  void Shutdown() {
    shut_down_ = true;
    Tell(core_.Shutdown());
    EXPECT_EQ(core_.waiting(), 0u);
  }

  // Plays what happens up to `end`: batches end, deadlines pass, free workers take.
  void AdvanceTo(TimePoint end) {
    for (;;) {
      const TimePoint next = std::min(core_.NextWake(), ends_.empty() ? kNever : ends_.begin()->first);
      if (next > end) break;
      now_ = std::max(now_, next);
      Tell(core_.Expire(now_));
      while (!ends_.empty() && ends_.begin()->first <= now_) EndBatch();
      TakeAll();
    }
    now_ = end;
  }

  void EndBatch() {
    Batch batch = std::move(ends_.begin()->second);
    ends_.erase(ends_.begin());
    for (auto& work : batch.works) {
      Job& job = static_cast<SimWork&>(*work).job;
      EXPECT_EQ(job.state, State::kRunning) << "a job ended while it ran";
      job.state = State::kDone;  // failed or not: the runner finishes it
    }
    batch.works.clear();
    free_[static_cast<size_t>(batch.worker)] = true;
    core_.Done(batch, now_ - batch.started);
  }

  void TakeAll() {
    for (int worker = 0; worker < workers_; ++worker) {
      if (!free_[static_cast<size_t>(worker)]) continue;
      Tell(core_.Expire(now_));
      Batch batch = core_.Take(worker, now_);
      if (!batch) break;
      CheckBatch(batch);
      free_[static_cast<size_t>(worker)] = false;
      // Mostly a few milliseconds; sometimes a disaster, which must not spoil the predictions for good.
      const Duration time = random_.Below(50) == 0 ? Duration(seconds(1 + random_.Below(10)))
                                                   : Duration(microseconds(random_.Below(8000)));
      ends_.emplace(now_ + time, std::move(batch));
    }
  }

  void CheckBatch(const Batch& batch) {
    ASSERT_TRUE(queues_.count(batch.queue));
    ASSERT_FALSE(batch.works.empty());
    EXPECT_LE(batch.works.size(), queues_[batch.queue].max_batch);
    const Job& head = static_cast<SimWork&>(*batch.works[0]).job;
    for (const auto& [ticket, job] : by_ticket_) {
      if (job->state != State::kWaiting || job->principal != head.principal) continue;
      EXPECT_LE(head.Urgency(), job->Urgency()) << "something more urgent was waiting";
    }
    for (const auto& work : batch.works) {
      Job& job = static_cast<SimWork&>(*work).job;
      EXPECT_EQ(job.state, State::kWaiting) << "a job runs that ended, or runs twice";
      EXPECT_EQ(job.queue, batch.queue);
      EXPECT_EQ(job.group, head.group);
      EXPECT_GT(job.deadline, now_) << "expired work runs";
      job.state = State::kRunning;
    }
  }

  size_t WaitingIn(QueueId queue) const {
    return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [queue](const auto& job) {
      return job->state == State::kWaiting && job->queue == queue;
    }));
  }

  void Check() {
    size_t waiting = 0;
    for (const QueueStats& stats : core_.Stats(now_)) {
      EXPECT_EQ(stats.depth, WaitingIn(stats.id));
      EXPECT_LE(stats.depth, queues_[stats.id].max_items);
      EXPECT_EQ(stats.offered,
                stats.depth + stats.running + stats.done + stats.expired + stats.cancelled + stats.dropped);
      EXPECT_GE(stats.predicted_wait, Duration::zero());
      EXPECT_GE(core_.PredictedWait({.queue = stats.id}, now_), Duration::zero());
      waiting += stats.depth;
    }
    EXPECT_EQ(core_.waiting(), waiting);
    EXPECT_TRUE(waiting == 0 || core_.idle_workers() == 0) << "a worker idles while work waits";
    EXPECT_EQ(core_.idle_workers(), std::count(free_.begin(), free_.end(), true));
  }

  void Finish() {
    EXPECT_EQ(core_.waiting(), 0u);
    EXPECT_EQ(core_.idle_workers(), workers_);
    EXPECT_EQ(core_.NextWake(), kNever);
    for (const auto& job : jobs_) {
      EXPECT_TRUE(job->state == State::kDone || job->state == State::kDropped || job->state == State::kRefused);
      EXPECT_EQ(job->destroyed, 1) << "every job goes exactly once";
    }
  }

  static void Tell(DropList dropped) {
    for (Dropped& drop : dropped) drop.work->Dropped(std::move(drop.why));
  }

  Random random_;
  const int workers_;
  const uint64_t principals_ = 1 + random_.Below(5);
  std::vector<std::unique_ptr<Job>> jobs_;  // before the core: its items refer to them
  SchedulerCore core_;
  TimePoint now_ = TimePoint{} + seconds(1000);
  uint64_t load_ = 3000;  // longest gap between events, microseconds
  bool shut_down_ = false;
  std::vector<bool> free_;
  std::map<QueueId, Limits> queues_;
  std::map<Ticket, Job*> by_ticket_;
  std::multimap<TimePoint, Batch> ends_;
};

TEST(SchedulerSimulation, EveryJobEndsExactlyOnceWhateverHappens) {
  // Sanitizers slow this single-threaded run 20 times and more; a part of the seeds shows them all its code.
  constexpr uint64_t kSeeds = kSanitized ? 100 : 2000;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Simulation(seed).Run();
    if (HasFailure()) break;
  }
}

// Clients that always have something waiting, of any size and in any number, on workers whose times cannot be foreseen:
// each is given its share, but for what one batch takes and what its refusals cost.
class FairnessSimulation {
 public:
  explicit FairnessSimulation(uint64_t seed)
      : random_(seed),
        workers_(1 + static_cast<int>(random_.Below(3))),
        weights_(WeightsOfSome(random_)),
        core_(workers_, weights_) {
    max_batch_ = random_.Below(2) == 0 ? 1 : 1 + random_.Below(8);
    for (int i = 0; i < 2; ++i)
      queues_.push_back(core_.AddQueue({.name = "q", .max_items = 10'000, .max_batch = max_batch_}));
    for (uint64_t i = 0, n = 2 + random_.Below(6); i < n; ++i) {
      clients_.push_back(
          {.queue = queues_[random_.Below(2)],
           .outstanding = 1 + random_.Below(i == 0 ? 200 : 20) + static_cast<uint64_t>(workers_) * max_batch_,
           .time_left = milliseconds(random_.Below(2) == 0 ? 100 : 3'000'000),
           .cost = 1 + static_cast<double>(random_.Below(5))});
    }
  }

  void Run() {
    for (size_t i = 0; i < clients_.size(); ++i) Fill(i);
    while (total_ < seconds(20)) Step();
    int64_t weights = 0;
    for (size_t i = 0; i < clients_.size(); ++i) weights += weights_.Of(1 + i);
    // Of each worker one batch may be under way, or have been paid for in advance.
    const Duration slack = 2 * (workers_ + 1) * longest_;
    for (size_t i = 0; i < clients_.size(); ++i) {
      const Client& client = clients_[i];
      const int64_t weight = weights_.Of(1 + i);
      EXPECT_GE(client.given + client.refused * SchedulerCore::kRefusalCost, total_ * weight / weights - weight * slack)
          << "of " << clients_.size() << ", weight " << weight << " of " << weights << ", slack " << ToMs(slack);
    }
  }

 private:
  struct Client {
    QueueId queue;
    uint64_t outstanding;
    Duration time_left;
    double cost;
    uint64_t waiting = 0;
    int64_t refused = 0;
    Duration given{};
  };
  struct ClientWork final : Work {
    explicit ClientWork(size_t c) : client(c) {}
    void Dropped(absl::Status) override {}
    size_t client;
  };

  // In half of the runs.
  static Weights WeightsOfSome(Random& random) {
    absl::flat_hash_map<Principal, Weights::Weight> of;
    const uint64_t most = random.Below(2) == 0 ? 1 : 5;
    for (Principal principal = 1; principal < 10; ++principal)
      of[principal] = 1 + static_cast<Weights::Weight>(random.Below(most));
    return Weights(std::move(of));
  }

  void Fill(size_t i) {
    Client& client = clients_[i];
    for (; client.waiting < client.outstanding; ++client.waiting) {
      auto work = std::make_unique<ClientWork>(i);
      work->principal = 1 + i;
      work->deadline = now_ + client.time_left;
      work->cost = client.cost;
      if (core_.Offer(client.queue, std::move(work), now_).ok()) continue;
      ++client.refused;
      break;
    }
  }

  void Step() {
    for (int worker = 0; worker < workers_; ++worker) {
      if (std::any_of(running_.begin(), running_.end(), [=](const auto& r) { return r.second.worker == worker; }))
        continue;
      for (Dropped& late : core_.Expire(now_)) Gone(*late.work);
      for (size_t i = 0; i < clients_.size(); ++i) Fill(i);
      Batch batch = core_.Take(worker, now_);
      ASSERT_TRUE(batch);
      const auto time = Duration(microseconds(static_cast<int64_t>(batch.cost * 500 * (0.5 + random_.Uniform()))));
      longest_ = std::max(longest_, time);
      running_.emplace(now_ + time, std::move(batch));
    }
    auto done = running_.extract(running_.begin());
    now_ = done.key();
    const Batch& batch = done.mapped();
    const Duration busy = now_ - batch.started;
    total_ += busy;
    for (const auto& work : batch.works) {
      const double part = work->cost / batch.cost;
      clients_[static_cast<ClientWork&>(*work).client].given += std::chrono::duration_cast<Duration>(
          std::chrono::duration<double, std::nano>(static_cast<double>(busy.count()) * part));
      Gone(*work);
    }
    core_.Done(batch, busy);
  }

  void Gone(Work& work) { --clients_[static_cast<ClientWork&>(work).client].waiting; }

  Random random_;
  const int workers_;
  const Weights weights_;
  size_t max_batch_ = 1;
  SchedulerCore core_;
  TimePoint now_ = TimePoint{} + seconds(1000);
  std::vector<QueueId> queues_;
  std::vector<Client> clients_;
  std::multimap<TimePoint, Batch> running_;
  Duration total_{}, longest_{};
};

TEST(SchedulerSimulation, EveryClientIsGivenItsShare) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    FairnessSimulation(seed).Run();
    if (HasFailure()) break;
  }
}

// 24 connections of one address want an answer in half a second, all the time; another one of the same address is
// content with ten. It is not starved: its calls are answered after about as much work as the short deadlines allow to
// wait.
TEST(SchedulerSimulation, ShortDeadlinesDoNotStarveLongOnesOfTheSameClient) {
  struct Plain final : Work {
    void Dropped(absl::Status) override {}
  };
  Random random(7);
  SchedulerCore core(2);
  const QueueId queue = core.AddQueue({.name = "q"});
  TimePoint now = TimePoint{} + seconds(1000);
  const auto offer = [&](Duration time_left) {
    auto work = std::make_unique<Plain>();
    work->principal = 1;
    work->deadline = now + time_left;
    return core.Offer(queue, std::move(work), now);
  };
  std::multimap<TimePoint, Batch> running;
  std::map<Ticket, TimePoint> polite;
  Duration worst{};
  int served = 0, refused = 0;
  bool busy[2] = {};
  for (TimePoint next_polite = now; now < TimePoint{} + seconds(1030);) {
    core.Expire(now);
    while (core.waiting() < 24 && offer(milliseconds(500)).ok()) {
    }
    if (now >= next_polite) {
      next_polite = now + milliseconds(200);
      const auto ticket = offer(seconds(10));
      ticket.ok() ? (void)polite.emplace(*ticket, now) : (void)++refused;
    }
    for (int worker = 0; worker < 2; ++worker) {
      if (busy[worker]) continue;
      Batch batch = core.Take(worker, now);
      if (!batch) continue;
      busy[worker] = true;
      running.emplace(now + milliseconds(60 + random.Below(40)), std::move(batch));
    }
    // Who is not waiting any more has been taken.
    std::erase_if(polite, [&](const auto& entry) {
      const bool taken = std::any_of(running.begin(), running.end(), [&](const auto& r) {
        return r.second.works[0]->deadline == entry.second + seconds(10);
      });
      if (taken) worst = std::max(worst, now - entry.second), ++served;
      return taken;
    });
    auto done = running.extract(running.begin());
    now = done.key();
    busy[done.mapped().worker] = false;
    core.Done(done.mapped(), now - done.mapped().started);
  }
  EXPECT_EQ(refused, 0);
  EXPECT_GT(served, 100);
  EXPECT_LE(worst, milliseconds(1000));
}

}  // namespace
}  // namespace sluice
