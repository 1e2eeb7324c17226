#include "base/log/access_log.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace sluice {
namespace {
constexpr size_t kBatchBytes = 64 << 10;
constexpr std::chrono::milliseconds kGatherTime{100};
}  // namespace

AccessLog::AccessLog(int fd, bool owned) : fd_(fd), owned_(owned) {
  if (fd_ >= 0) writer_ = std::thread([this] { WriteLoop(); });
}

AccessLog::~AccessLog() {
  if (fd_ < 0) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  writer_.join();
  if (owned_) close(fd_);
}

void AccessLog::Append(std::string_view line) {
  if (fd_ < 0) return;
  std::lock_guard lock(mutex_);
  const size_t before = pending_.size();
  pending_.append(line).push_back('\n');
  // Wake the writer for the first line, and when a batch is worth writing; in between it gathers.
  if (before == 0 || (before <= kBatchBytes && pending_.size() > kBatchBytes)) wake_.notify_one();
}

bool AccessLog::Congested() const {
  if (fd_ < 0) return false;
  std::lock_guard lock(mutex_);
  return pending_.size() + writing_bytes_ > kBufferBytesMax;
}

void AccessLog::Flush() {
  if (fd_ < 0) return;
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return pending_.empty() && writing_bytes_ == 0; });
}

void AccessLog::WriteLoop() {
  std::string batch;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !pending_.empty(); });
    if (pending_.empty()) return;
    // Lines that come within a moment share one write and one wake-up; a stop does not wait.
    if (!stop_) {
      wake_.wait_for(lock, kGatherTime, [this] { return stop_ || pending_.size() > kBatchBytes; });
    }
    batch.clear();
    std::swap(batch, pending_);
    writing_bytes_ = batch.size();
    lock.unlock();
    WriteAll(batch);
    lock.lock();
    writing_bytes_ = 0;
    if (pending_.empty()) written_.notify_all();
  }
}

void AccessLog::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd_, bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      return;  // a closed pipe or full disk: serving goes on, the lines of this batch are lost
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

}  // namespace sluice
