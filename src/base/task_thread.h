// One thread that runs tasks in order: for slow work that must hold up neither a loop nor a worker.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "base/executor.h"
#include "base/thread.h"

namespace sluice {

class TaskThread final : public Executor {
 public:
  TaskThread(std::string name, int nice);
  ~TaskThread() override { Stop(); }

  // Any thread. After Stop() the task is destroyed unrun.
  void Post(Task task) override;
  // Waiting tasks are destroyed unrun, the running one ends. Not on the thread itself.
  void Stop();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;  // guarded by mutex_, like the next
  bool stopping_ = false;
  Thread thread_;  // last: starts when the others are there
};

}  // namespace sluice
