#include "engine/trial/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "engine/trial/child.h"
#include "engine/trial/report.h"

namespace sluice::trial {
namespace {

using Stopped = ChildEnd::Stopped;

constexpr size_t kErrorsMax = 4096;
constexpr int kTurnMs = 50;

absl::Status Impossible(const char* what, int error) {
  return absl::UnavailableError(StrCat("a child process cannot be started: ", what, ": ", std::strerror(error)));
}

struct Pipe {
  UniqueFd read, write;
  static absl::StatusOr<Pipe> Make() {
    int both[2];
    if (pipe2(both, O_CLOEXEC) != 0) return Impossible("pipe", errno);
    fcntl(both[0], F_SETFL, O_NONBLOCK);
    return Pipe{UniqueFd(both[0]), UniqueFd(both[1])};
  }
};

// What posix_spawn is told: descriptors, signals as a new program expects them, a process group of its own (Ctrl-C is
// for the server, which then ends its children itself).
class Spawning {
 public:
  // `above`: larger than every descriptor that is given.
  explicit Spawning(int above) : above_(above) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  // The child's `number`; from a copy above all numbers, since one descriptor must not take the place of another.
  absl::Status Give(int fd, int number) {
    UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, above_));
    if (!copy) return Impossible("descriptors", errno);
    posix_spawn_file_actions_adddup2(&actions_, copy.get(), number);
    copies_.push_back(std::move(copy));
    return absl::OkStatus();
  }
  absl::StatusOr<pid_t> Spawn(const ChildOptions& options, int first_free) {
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, first_free);
    std::vector<std::string> words = {"sluice"};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string no_telemetry = "ORT_DISABLE_TELEMETRY=1", scratch = StrCat("TMPDIR=", options.scratch);
    std::vector<char*> environment = {no_telemetry.data()};
    if (!options.scratch.empty()) environment.push_back(scratch.data());  // the first of a name is found
    for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
    environment.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, options.program.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
    if (error != 0) return Impossible("exec", error);
    return pid;
  }

 private:
  const int above_;
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<UniqueFd> copies_;
};

absl::StatusOr<pid_t> Start(const ChildOptions& options, int report, int errors) {
  Spawning spawning(static_cast<int>(options.fds.size()) + kFirstFileFd);
  RETURN_IF_ERROR(spawning.Give(errors, 2));
  RETURN_IF_ERROR(spawning.Give(report, kReportFd));
  int number = kRequestFd;
  for (const int fd : options.fds) {
    if (number == kReportFd) ++number;
    RETURN_IF_ERROR(spawning.Give(fd, number++));
  }
  return spawning.Spawn(options, std::max(number, kReportFd + 1));
}

// False at its end. Reads what is there, once.
bool Drain(int fd, std::string& into) {
  char buffer[64 << 10];
  const ssize_t got = read(fd, buffer, sizeof buffer);
  if (got > 0) into.append(buffer, static_cast<size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

class Watch {
 public:
  Watch(const ChildOptions& options, pid_t pid, int report, int errors)
      : options_(options), pid_(pid), report_(report), errors_(errors), end_at_(Now() + options.timeout) {}

  ChildEnd Run() {
    ChildEnd end;
    while (end.stopped == Stopped::kNo && (report_ >= 0 || errors_ >= 0)) {
      if (!Read(end) && Reaped()) break;  // somebody else holds its pipes open
      end.stopped = Why(end);
    }
    while (end.stopped == Stopped::kNo && !Reaped()) {  // it closed its pipes and lives on
      poll(nullptr, 0, 2);
      end.stopped = Why(end);
    }
    if (end.stopped != Stopped::kNo && !reaped_) kill(pid_, SIGKILL);
    while (!reaped_ && waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status_)) end.signal = WTERMSIG(status_);
    if (WIFEXITED(status_)) end.exit_code = WEXITSTATUS(status_);
    return end;
  }

 private:
  static TimePoint Now() { return SystemClock().Now(); }

  // False when nothing came.
  bool Read(ChildEnd& end) {
    pollfd both[] = {{report_, POLLIN, 0}, {errors_, POLLIN, 0}};
    if (poll(both, 2, kTurnMs) <= 0) return false;
    if (both[0].revents != 0) {
      if (!Drain(report_, end.report)) report_ = -1;
      if (options_.until) until_ = std::min(until_, options_.until(end.report, Now()));
    }
    if (both[1].revents == 0) return true;
    if (!Drain(errors_, end.errors)) errors_ = -1;
    if (end.errors.size() > kErrorsMax) end.errors.erase(0, end.errors.size() - kErrorsMax);
    return true;
  }

  Stopped Why(const ChildEnd& end) const {
    if (end.report.size() > kReportBytesMax) return Stopped::kTooMuch;
    if (options_.go_on && !options_.go_on()) return Stopped::kOrdered;
    const TimePoint now = Now();
    return now >= end_at_ ? Stopped::kTimeout : now >= until_ ? Stopped::kUntil : Stopped::kNo;
  }

  bool Reaped() {
    if (!reaped_) reaped_ = waitpid(pid_, &status_, WNOHANG) != 0;  // an error: somebody else took it
    return reaped_;
  }

  const ChildOptions& options_;
  const pid_t pid_;
  int report_, errors_;  // -1 at their end
  const TimePoint end_at_;
  TimePoint until_ = kNever;
  bool reaped_ = false;
  int status_ = 0;
};

}  // namespace

absl::StatusOr<ChildEnd> RunChild(const ChildOptions& options) {
  ASSIGN_OR_RETURN(Pipe report, Pipe::Make());
  ASSIGN_OR_RETURN(Pipe errors, Pipe::Make());
  ASSIGN_OR_RETURN(const pid_t pid, Start(options, report.write.get(), errors.write.get()));
  report.write = UniqueFd();  // only the child's are left: a pipe ends when the child does
  errors.write = UniqueFd();
  return Watch(options, pid, report.read.get(), errors.read.get()).Run();
}

}  // namespace sluice::trial
