#include "engine/trial/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "ai/inference/trial.pb.h"
#include "base/error.h"
#include "base/process.h"
#include "engine/trial/probe.h"
#include "engine/trial/report.h"

namespace sluice::trial {
namespace {

namespace wire = ai::inference::trial;

constexpr off_t kRequestBytesMax = 1 << 20;
constexpr uint64_t kScratchBytes = 64 << 20;

bool ReadRequest(wire::Request& request) {
  struct stat about {};
  if (fstat(kRequestFd, &about) != 0 || about.st_size > kRequestBytesMax) return false;
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  return pread(kRequestFd, bytes.data(), bytes.size(), 0) == about.st_size && request.ParseFromString(bytes);
}

void WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(kReportFd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);  // nobody listens
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void Send(const wire::Report& report) { WriteAll(Piece(report)); }

// What operator new calls when there is no more: says so, without needing memory, and lets it throw.
void OutOfMemory() {
  static const std::string* const piece = [] {
    wire::Report report;
    report.set_out_of_memory(true);
    return new std::string(Piece(report));
  }();
  WriteAll(*piece);
  std::set_new_handler(nullptr);
}

void SetLimit(__rlimit_resource resource, rlim_t limit) {
  const rlimit both{limit, limit};
  setrlimit(resource, &both);
}

void LimitSelf(const wire::Request& request, uint64_t file_bytes) {
  // The first to go where memory ends: no server dies for a trial.
  if (const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
    [[maybe_unused]] const ssize_t written = write(fd, "1000", 4);
    close(fd);
  }
  prctl(PR_SET_DUMPABLE, 0);
  SetLimit(RLIMIT_CORE, 0);
  SetLimit(RLIMIT_FSIZE, kScratchBytes + file_bytes);  // the files may be copied there
  // One second between SIGXCPU, by which the server knows what happened, and SIGKILL.
  const rlimit cpu{request.seconds_max(), request.seconds_max() + 1};
  setrlimit(RLIMIT_CPU, &cpu);
  const uint64_t memory = request.memory_bytes_max() + 4 * file_bytes;
  // A sanitizer's shadow is larger than any limit.
  if (static_cast<uint64_t>(AddressSpaceBytes()) < memory) SetLimit(RLIMIT_AS, memory);
}

int Fail(const char* reason) {
  wire::Report report;
  report.set_reason(reason);
  Send(report);
  return 1;
}

}  // namespace

int ChildMain(const MakeEngine& make_engine) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  wire::Request request;
  if (!ReadRequest(request)) return 2;
  if (getppid() != request.parent()) return 2;  // it ended before the line above
  close_range(kFirstFileFd + request.files_size(), ~0U, 0);
  std::vector<UniqueFd> fds;
  for (int i = 0; i < request.files_size(); ++i) fds.emplace_back(kFirstFileFd + i);
  auto files = ModelFiles::FromDescriptors({request.files().begin(), request.files().end()}, std::move(fds));
  if (!files.ok()) return Fail("the model's files cannot be passed to a child process");
  LimitSelf(request, (*files)->bytes());
  const std::unique_ptr<Engine> engine = make_engine(request.engine());
  if (engine == nullptr) return Fail("no such engine");
  std::set_new_handler(&OutOfMemory);
  Probe(*engine, *std::move(files), request, &Send);
  // What the engine would do at its end is of no interest.
  _exit(0);
}

}  // namespace sluice::trial
