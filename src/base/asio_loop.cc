#include "base/asio_loop.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/log/log.h"
#include "base/long_turn.h"
#include "base/no_memory.h"
#include "base/strings.h"
#include "base/timer_heap.h"

namespace sluice {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {
// Tasks that post tasks run in the same turn, but not for ever: descriptors get their chance after this many rounds.
constexpr int kRoundsPerTurn = 8;
constexpr Duration kLag = std::chrono::milliseconds(1);
constexpr Duration kSlowTurn = std::chrono::milliseconds(50);
constexpr Duration kSlowTurnLog = std::chrono::seconds(1);  // from one line to the next
thread_local const void* current_loop = nullptr;
}  // namespace

struct AsioLoop::Impl {
  explicit Impl(std::string name, int nice) : name(std::move(name)), nice(nice) {}

  void Run() {
    current_loop = this;
    now = SystemClock().Now();
    const auto work = asio::make_work_guard(io);
    while (!stopping) {
      io.run();
      RunInGroups();
      io.restart();
    }
    // Posts that raced with Stop still run, so that whoever waits for them is answered.
    for (int round = 0; round < kRoundsPerTurn; ++round) {
      RunPosted();
      EndTurn();
    }
    current_loop = nullptr;
  }

  // A thread that sleeps and wakes for each event spends more on that than on refusing a call, and takes the core from
  // a worker each time.
  void RunInGroups() {
    while (!stopping && SystemClock().Now() < lag_until) {
      io.restart();
      io.poll();
      std::this_thread::sleep_for(kLag);
    }
    lag_until = {};
  }

  void MayLag(TimePoint until) {
    if (lag_until == TimePoint{}) io.stop();  // run() returns
    lag_until = std::max(lag_until, until);
  }

  // `kind` says what the event is.
  template <typename F>
  void Turn(const char* kind, F&& event) {
    now = SystemClock().Now();
    NameTurn({});
    event();
    EndTurn();
    const TimePoint end = SystemClock().Now();
    turns.Add(end - now);
    if (end - now > kSlowTurn) LogSlowTurn(kind, end);
  }

  void LogSlowTurn(const char* kind, TimePoint end) {
    ++slow_turns;
    if (end < next_slow_log) return;
    next_slow_log = end + kSlowTurnLog;
    const std::string_view what = TurnName();
    LogWarning("loop.slow_turn", {{"loop", name},
                                  {"ms", ToMs(end - now)},
                                  {"did", what.empty() ? std::string(kind) : StrCat(kind, ", ", what)},
                                  {"such_turns", slow_turns}});
  }

  void EndTurn() {
    for (int round = 0; round < kRoundsPerTurn && !local.empty(); ++round) {
      running.swap(local);
      const size_t ran = RunSome(running, 0);
      if (ran < running.size()) {  // they go before what they posted
        std::move(local.begin(), local.end(), std::back_inserter(running));
        running.erase(running.begin(), running.begin() + static_cast<ptrdiff_t>(ran));
        running.swap(local);
        running.clear();
        break;
      }
      running.clear();
    }
    if (!local.empty()) GoOn();
    Arm();
  }

  // Runs tasks from `from` on until that takes long, at least one; returns the next. Thousands of calls post their
  // results at once, and all descriptors would wait for all of them.
  size_t RunSome(std::vector<Task>& tasks, size_t from) const {
    const TimePoint begin = SystemClock().Now();
    for (size_t i = from; i < tasks.size(); ++i) {
      RunTask(tasks[i]);
      if (!stopping && SystemClock().Now() - begin >= kTurnMax) return i + 1;
    }
    return tasks.size();
  }

  // A task that gets no memory is given up, not the process; the log may have none either.
  static void RunTask(Task& task) {
    if (!GetsMemory(task)) GetsMemory([] { LogError("loop.task_without_memory", {}); });
  }

  void Wake() {
    asio::post(io, [this] { Turn("posted tasks", [this] { RunPosted(); }); });
  }

  // Of the loop's thread: one more turn, behind the descriptors that are ready.
  void GoOn() {
    if (std::exchange(goes_on, true)) return;
    asio::post(io, [this] {
      goes_on = false;
      Turn("posted tasks", [this] { RunPosted(); });
    });
  }

  void PostRemote(Task task) {
    bool first = false;
    {
      const std::lock_guard lock(mutex);
      first = remote.empty();
      remote.push_back(std::move(task));
    }
    // The batch before was taken by RunPosted, or its wake-up is still to come: only the first of a batch wakes.
    if (first) Wake();
  }

  void RunPosted() {
    if (taken.empty()) {
      const std::lock_guard lock(mutex);
      taken.swap(remote);
    }
    taken_from = RunSome(taken, taken_from);
    if (taken_from < taken.size()) return GoOn();
    taken.clear();
    taken_from = 0;
    // The wake-up of what came meanwhile may have been spent on these.
    const std::lock_guard lock(mutex);
    if (!remote.empty()) GoOn();
  }

  // One asio timer for all: moved only when a timer earlier than the armed time came. When the earliest is cancelled
  // the asio timer stays, fires for nothing once, and is armed again.
  void Arm() {
    const TimePoint earliest = timers.Earliest();
    if (earliest >= armed) return;
    armed = earliest;
    timer.expires_at(earliest);
    timer.async_wait([this](const error_code& error) {
      if (!error) Turn("timers", [this] { RunTimers(); });
    });
  }

  void RunTimers() {
    armed = kNever;
    Task task;
    // Timers set by timers wait for the next turn even when they are due already.
    const uint64_t end = timers.next_order();
    while (timers.TakeDue(now, end, task)) RunTask(task);
  }

  const std::string name;
  const int nice;

  // Of the loop's thread.
  TimePoint now = SystemClock().Now();
  TimerHeap timers;
  TimePoint armed = kNever;
  TimePoint lag_until{};
  bool stopping = false;
  std::vector<Task> local, running, taken;
  bool goes_on = false;
  size_t taken_from = 0;    // those before it have run
  uint64_t slow_turns = 0;  // so far
  TimePoint next_slow_log{};

  TurnTimes turns;  // any thread reads

  std::mutex mutex;
  std::vector<Task> remote;

  asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_1};
  asio::steady_timer timer{io};
  std::optional<Thread> thread;
};

namespace {

// Asio's operations may outlive the watch by a turn; they hold the state, and `events` tells whether anybody listens.
template <typename LoopImpl>
struct WatchState {
  WatchState(LoopImpl& loop, int fd, FdEvents& to) : loop(loop), descriptor(loop.io, fd), events(&to) {}

  LoopImpl& loop;
  asio::posix::stream_descriptor descriptor;
  FdEvents* events;
  bool reading = false, writing = false;
};

template <typename LoopImpl>
class AsioWatch final : public FdWatch {
 public:
  using State = WatchState<LoopImpl>;
  explicit AsioWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~AsioWatch() override {
    state_->events = nullptr;
    state_->descriptor.release();
  }

  void WantRead() override { Want(asio::posix::descriptor_base::wait_read, &State::reading, &FdEvents::OnReadable); }
  void WantWrite() override { Want(asio::posix::descriptor_base::wait_write, &State::writing, &FdEvents::OnWritable); }

 private:
  void Want(asio::posix::descriptor_base::wait_type what, bool State::*asked, void (FdEvents::*tell)()) {
    if (state_.get()->*asked) return;
    state_.get()->*asked = true;
    state_->descriptor.async_wait(what, [state = state_, asked, tell](const error_code& error) {
      state.get()->*asked = false;
      if (error == asio::error::operation_aborted || state->events == nullptr) return;
      state->loop.Turn("socket", [&state, tell] {
        if (state->events != nullptr) (state->events->*tell)();
      });
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace

AsioLoop::AsioLoop(std::string name, int nice) : impl_(std::make_unique<Impl>(std::move(name), nice)) {}

AsioLoop::~AsioLoop() { Stop(); }

void AsioLoop::Start() {
  impl_->thread.emplace(impl_->name, impl_->nice, [impl = impl_.get()] {
    AskForShortSlices();
    impl->Run();
  });
}

void AsioLoop::Stop() {
  if (!impl_->thread) return;
  Post([impl = impl_.get()] {
    impl->stopping = true;
    impl->io.stop();
  });
  if (!InLoop()) impl_->thread->Join();
}

bool AsioLoop::InLoop() const { return current_loop == impl_.get(); }

void AsioLoop::Post(Task task) {
  if (InLoop()) {
    impl_->local.push_back(std::move(task));
  } else {
    impl_->PostRemote(std::move(task));
  }
}

TurnTimes::Numbers AsioLoop::turns() const { return impl_->turns.Get(); }

TimePoint AsioLoop::Now() const { return impl_->now; }

Loop::TimerId AsioLoop::At(TimePoint when, Task task) { return impl_->timers.Add(when, std::move(task)); }

void AsioLoop::MayLag(TimePoint until) { impl_->MayLag(until); }

void AsioLoop::Cancel(TimerId id) { impl_->timers.Cancel(id); }

std::unique_ptr<FdWatch> AsioLoop::Watch(int fd, FdEvents& events) {
  return std::make_unique<AsioWatch<Impl>>(std::make_shared<WatchState<Impl>>(*impl_, fd, events));
}

}  // namespace sluice
