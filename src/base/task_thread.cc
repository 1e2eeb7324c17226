#include "base/task_thread.h"

#include <utility>

namespace sluice {

TaskThread::TaskThread(std::string name, int nice) : thread_(std::move(name), nice, [this] { Run(); }) {}

void TaskThread::Post(Task task) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void TaskThread::Stop() {
  std::deque<Task> unrun;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    unrun.swap(tasks_);
    wake_.notify_one();
  }
  thread_.Join();
}

void TaskThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace sluice
