#include "base/log/line_log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/strings.h"
#include "base/thread.h"
#include "base/unique_fd.h"

namespace sluice {
namespace {

constexpr int kPollMs = 20;
constexpr Duration kLastPatience = std::chrono::milliseconds(500);
constexpr Duration kEndTime = std::chrono::seconds(1);  // for the writer to notice
constexpr Duration kCheckFile = std::chrono::seconds(1);
constexpr size_t kCacheLine = 64, kLineUsual = 512;

uint64_t CountLines(std::string_view bytes) {
  return static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

// Where the next line will go: by the time it comes, the memory is in this processor's cache. It was the writer's.
void PrefetchRoom(const std::string& pending) {
  const char* const end = pending.data() + pending.size();
  const size_t room = std::min(pending.capacity() - pending.size(), kLineUsual);
  for (size_t at = 0; at < room; at += kCacheLine) __builtin_prefetch(end + at, /*rw=*/1);
}

// A pipe that this process was given is opened once more, if it can be: a description of one's own may be made not to
// block, and takes as much as there is room for.
UniqueFd OwnEnd(int pipe) {
  return UniqueFd(open(StrCat("/proc/self/fd/", pipe).c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

struct LineLog::Shared {
  explicit Shared(Options o) : options(std::move(o)) {}
  const Options options;
  // What is worth waking the writer for: being woken costs as much as writing 300 lines.
  const size_t batch_bytes = options.bytes_max / 4;
  mutable std::mutex mutex;
  std::condition_variable wake, changed;
  // Guarded by mutex.
  std::string pending;
  size_t writing_bytes = 0;  // with the writer
  uint64_t pending_lines = 0, writing_lines = 0;
  uint64_t lost = 0, untold = 0;  // all; those that no note has reported yet
  bool reopen = false, ended = false;
  TimePoint stop_at = kNever;  // the writer ends when all is written, at the latest then

  void Lose(uint64_t lines) {
    lost += lines;
    untold += lines;
  }
};

// The thread's own part.
class LineLog::Writer {
 public:
  Writer(std::shared_ptr<Shared> shared, int fd) : shared_(std::move(shared)), options_(shared_->options) {
    if (!options_.path.empty()) owned_ = UniqueFd(fd);
    Use(fd);
  }

  void Run() {
    std::string batch;
    std::unique_lock lock(shared_->mutex);
    while (Wait(lock)) {
      batch.clear();
      std::swap(batch, shared_->pending);
      shared_->writing_bytes = batch.size();
      shared_->writing_lines = std::exchange(shared_->pending_lines, 0);
      const bool reopen = std::exchange(shared_->reopen, false);
      lock.unlock();
      CheckFile(reopen);
      WriteBatch(batch);
      lock.lock();
      shared_->writing_bytes = shared_->writing_lines = 0;
      shared_->changed.notify_all();
    }
    if (shared_->untold > 0 || !begun_.empty()) {
      lock.unlock();
      WriteBatch({});
      lock.lock();
      shared_->lost += begun_.empty() ? 0 : 1;
    }
    shared_->ended = true;
    shared_->changed.notify_all();
  }

 private:
  // False: the end.
  bool Wait(std::unique_lock<std::mutex>& lock) {
    Shared& shared = *shared_;
    const auto stopping = [&shared] { return shared.stop_at != kNever; };
    shared.wake.wait(lock, [&] { return stopping() || !shared.pending.empty(); });
    if (shared.pending.empty()) return false;
    if (!stopping() && options_.gather > Duration::zero()) {
      shared.wake.wait_for(lock, options_.gather,
                           [&] { return stopping() || shared.pending.size() > shared.batch_bytes; });
    }
    return true;
  }

  void WriteBatch(std::string_view batch) {
    begun_.erase(0, Put(begun_));
    if (!begun_.empty() || !WriteNote()) return Lose(CountLines(batch));
    const size_t put = Put(batch);
    Lose(CountLines(Begin(batch, put)));
  }

  // False: not a byte of it, or not all, could be written.
  bool WriteNote() {
    uint64_t untold = 0;
    {
      std::lock_guard lock(shared_->mutex);
      untold = shared_->untold;
    }
    if (untold == 0 || !options_.note) return true;
    const std::string note = options_.note(untold) + "\n";
    const size_t put = Put(note);
    if (put == 0) return false;
    Begin(note, put);
    std::lock_guard lock(shared_->mutex);
    shared_->untold -= untold;
    return put == note.size();
  }

  // The line that the output took a part of is written later. Returns what comes after it.
  std::string_view Begin(std::string_view bytes, size_t put) {
    if (put == 0 || bytes[put - 1] == '\n') return bytes.substr(put);
    const size_t end = bytes.find('\n', put) + 1;
    begun_ = bytes.substr(put, end - put);
    return bytes.substr(end);
  }

  void Lose(uint64_t lines) {
    if (lines == 0) return;
    std::lock_guard lock(shared_->mutex);
    shared_->Lose(lines);
  }

  // Returns how many bytes the output took before it stood still for too long, or failed.
  size_t Put(std::string_view bytes) {
    size_t put = 0;
    if (!bytes.empty()) refused_ = false;
    TimePoint moved = SystemClock().Now();
    while (put < bytes.size()) {
      pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (poll(&ready, 1, kPollMs) > 0) {
        const size_t most = takes_all_ ? bytes.size() : PIPE_BUF;
        const ssize_t n = write(fd_, bytes.data() + put, std::min(most, bytes.size() - put));
        if (n > 0) {
          put += static_cast<size_t>(n);
          moved = SystemClock().Now();
          continue;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN) {  // a closed pipe, a full disk, `ulimit -f`: serving goes on
          refused_ = true;
          return put;
        }
      }
      if (GivesUp(moved)) return put;
    }
    return put;
  }

  bool GivesUp(TimePoint moved) const {
    const TimePoint now = SystemClock().Now();
    if (!options_.waits && now - moved >= options_.patience) return true;
    std::lock_guard lock(shared_->mutex);
    return now >= shared_->stop_at;
  }

  void Use(int fd) {
    struct stat file {};
    const bool known = fstat(fd, &file) == 0;
    // Not for a few lines: it takes a descriptor more.
    if (known && S_ISFIFO(file.st_mode) && owned_.get() != fd && options_.gather > Duration::zero()) {
      owned_ = OwnEnd(fd);
      if (owned_.get() >= 0) fd = owned_.get();
    }
    // What blocks takes PIPE_BUF at once without doing so, when it is ready.
    takes_all_ = known && (S_ISREG(file.st_mode) || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    fd_ = fd;
  }

  // The rest of a line is waited for with the file that has its beginning, unless that takes nothing any more.
  void CheckFile(bool reopen) {
    const TimePoint now = SystemClock().Now();
    const bool stays = !begun_.empty() && !refused_;
    if (options_.path.empty() || stays || (!reopen && now - checked_ < kCheckFile)) return;
    checked_ = now;
    if (!reopen && IsTheFile()) return;
    const int fd = OpenFile(options_.path);
    if (fd < 0) return;  // the old one is better than none
    owned_ = UniqueFd(fd);
    Use(fd);
    if (!std::exchange(begun_, {}).empty()) Lose(1);
  }

  bool IsTheFile() const {
    struct stat named {
    }, open{};
    return stat(options_.path.c_str(), &named) == 0 && fstat(fd_, &open) == 0 && named.st_ino == open.st_ino &&
           named.st_dev == open.st_dev;
  }

  const std::shared_ptr<Shared> shared_;
  const Options& options_;
  UniqueFd owned_;
  int fd_ = -1;
  bool takes_all_ = false;  // a write of any size does not block
  TimePoint checked_{};
  std::string begun_;     // the rest of a line
  bool refused_ = false;  // the last write failed, instead of being slow
};

int LineLog::OpenFile(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

LineLog::LineLog(int fd, Options options) : shared_(std::make_shared<Shared>(std::move(options))) {
  RunDetached("log writer", [shared = shared_, fd] { Writer(shared, fd).Run(); });
}

LineLog::~LineLog() {
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  const Duration patience = std::min(shared.options.patience, kLastPatience);
  shared.stop_at = SystemClock().Now() + patience;
  shared.wake.notify_one();
  // A write may hang although the output was ready, when others write there, too.
  shared.changed.wait_for(lock, patience + kEndTime, [&shared] { return shared.ended; });
}

void LineLog::Append(std::string_view line) {
  Shared& shared = *shared_;
  std::lock_guard lock(shared.mutex);
  const size_t before = shared.pending.size();
  const size_t most = shared.options.waits ? 2 * shared.options.bytes_max : shared.options.bytes_max;
  if (before + shared.writing_bytes + line.size() >= most) return shared.Lose(1);
  shared.pending.append(line).push_back('\n');
  PrefetchRoom(shared.pending);
  ++shared.pending_lines;
  // Wake the writer for the first line, and when a batch is worth writing; in between it gathers.
  if (before == 0 || (before <= shared.batch_bytes && shared.pending.size() > shared.batch_bytes))
    shared.wake.notify_one();
}

bool LineLog::Congested() const {
  if (!shared_->options.waits) return false;
  std::lock_guard lock(shared_->mutex);
  return shared_->pending.size() + shared_->writing_bytes > shared_->options.bytes_max;
}

uint64_t LineLog::Flush(Duration at_most) {
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  const auto waiting = [&shared] { return shared.pending_lines + shared.writing_lines; };
  shared.changed.wait_for(lock, at_most, [&] { return waiting() == 0; });
  return waiting();
}

void LineLog::Reopen() {
  std::lock_guard lock(shared_->mutex);
  shared_->reopen = true;
}

uint64_t LineLog::lost() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->lost;
}

}  // namespace sluice
