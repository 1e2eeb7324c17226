#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace sluice {

Thread::Thread(std::string name, int nice, absl::AnyInvocable<void()> body)
    : thread_([name = std::move(name), nice, body = std::move(body)]() mutable {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        // On Linux a nice value belongs to a thread. Raising it needs no privilege.
        const auto self = static_cast<id_t>(syscall(SYS_gettid));
        if (nice != 0) setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + nice);
        body();
      }) {}

void Thread::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice
