#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace sluice {
namespace {

constexpr uint64_t kShortSliceNs = 100'000;  // the shortest there is
constexpr uint64_t kKeepPolicy = 0x08;       // SCHED_FLAG_KEEP_POLICY: a batch job's threads stay what they are

// sched_attr of sched_setattr(2), which glibc before 2.41 has not.
struct SchedAttributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns, deadline_ns, period_ns;
};

// On Linux a nice value belongs to a thread.
id_t ThreadId() { return static_cast<id_t>(syscall(SYS_gettid)); }

void NameMe(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace

void AskForShortSlices() {
  SchedAttributes attributes{.size = sizeof(SchedAttributes),
                             .flags = kKeepPolicy,
                             .nice = getpriority(PRIO_PROCESS, ThreadId()),
                             .runtime_ns = kShortSliceNs};
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void RunDetached(std::string name, absl::AnyInvocable<void()> body) {
  std::thread([name = std::move(name), body = std::move(body)]() mutable {
    NameMe(name);
    body();
  }).detach();
}

Thread::Thread(std::string name, int nice, absl::AnyInvocable<void()> body)
    : thread_([name = std::move(name), nice, body = std::move(body)]() mutable {
        NameMe(name);
        // Raising it needs no privilege.
        if (nice != 0) setpriority(PRIO_PROCESS, ThreadId(), getpriority(PRIO_PROCESS, ThreadId()) + nice);
        body();
      }) {}

void Thread::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice
