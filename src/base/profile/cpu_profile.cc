#include "base/profile/cpu_profile.h"

#include <execinfo.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/profile/symbols.h"
#include "perftools/profiles/profile.pb.h"

namespace sluice {
namespace {

constexpr int kPeriodUs = 10'000;
constexpr size_t kSamplesMax = 30'000;
constexpr int kDepthMax = 48;
constexpr int kOwnFrames = 2;  // the handler, and the kernel's way into it

struct Sample {
  int depth = 0;
  void* frames[kDepthMax];
};

// What the signal handler writes: no lock, no memory of its own.
struct Samples {
  std::vector<Sample> all = std::vector<Sample>(kSamplesMax);
  std::atomic<size_t> taken{0};
};
std::atomic<Samples*> current{nullptr};
std::atomic<int> inside{0};  // handlers

void OnSignal(int) {
  const int kept = errno;
  inside.fetch_add(1);
  if (Samples* const samples = current.load()) {
    const size_t at = samples->taken.fetch_add(1);
    if (at < kSamplesMax) samples->all[at].depth = backtrace(samples->all[at].frames, kDepthMax);
  }
  inside.fetch_sub(1);
  errno = kept;
}

void SetTimer(int period_us) {
  const itimerval timer{.it_interval = {.tv_sec = 0, .tv_usec = period_us},
                        .it_value = {.tv_sec = 0, .tv_usec = period_us}};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void Wait(Duration time, const std::stop_token& stop = {}) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

class Writer {
 public:
  Writer() { Text(""); }

  void AddMappings() {
    for (const CodeMapping& one : CodeMappings()) {
      auto& mapping = *profile_.add_mapping();
      mapping.set_id(static_cast<uint64_t>(profile_.mapping_size()));
      mapping.set_memory_start(one.begin);
      mapping.set_memory_limit(one.end);
      mapping.set_file_offset(one.file_offset);
      mapping.set_filename(Text(one.file));
      mapping.set_has_functions(true);
    }
  }

  void AddSample(const std::vector<uint64_t>& frames, int64_t count) {
    auto& sample = *profile_.add_sample();
    for (const uint64_t address : frames) sample.add_location_id(Location(address));
    sample.add_value(count);
    sample.add_value(count * kPeriodUs * 1000);
  }

  std::string Finish(WallTime began, Duration time) {
    Set("samples", "count", *profile_.add_sample_type());
    Set("cpu", "nanoseconds", *profile_.add_sample_type());
    Set("cpu", "nanoseconds", *profile_.mutable_period_type());
    profile_.set_period(kPeriodUs * 1000);
    profile_.set_time_nanos(std::chrono::nanoseconds(began.time_since_epoch()).count());
    profile_.set_duration_nanos(std::chrono::nanoseconds(time).count());
    return profile_.SerializeAsString();
  }

 private:
  int64_t Text(const std::string& text) {
    const auto [it, fresh] = texts_.emplace(text, profile_.string_table_size());
    if (fresh) profile_.add_string_table(text);
    return it->second;
  }
  void Set(const char* type, const char* unit, perftools::profiles::ValueType& out) {
    out.set_type(Text(type));
    out.set_unit(Text(unit));
  }
  uint64_t Location(uint64_t address) {
    const auto [it, fresh] = locations_.emplace(address, profile_.location_size() + 1);
    if (!fresh) return it->second;
    auto& location = *profile_.add_location();
    location.set_id(it->second);
    location.set_address(address);
    for (const auto& mapping : profile_.mapping()) {
      if (address >= mapping.memory_start() && address < mapping.memory_limit()) location.set_mapping_id(mapping.id());
    }
    if (const std::string name = symbols_.NameOf(address); !name.empty())
      location.add_line()->set_function_id(Function(name));
    return it->second;
  }
  uint64_t Function(const std::string& name) {
    const auto [it, fresh] = functions_.emplace(name, profile_.function_size() + 1);
    if (!fresh) return it->second;
    auto& function = *profile_.add_function();
    function.set_id(it->second);
    function.set_name(Text(name));
    function.set_system_name(Text(name));
    return it->second;
  }

  const Symbols symbols_;
  perftools::profiles::Profile profile_;
  std::map<std::string, int64_t> texts_;
  std::map<uint64_t, uint64_t> locations_;
  std::map<std::string, uint64_t> functions_;
};

// The same stacks become one sample.
std::string Written(const Samples& samples, WallTime began, Duration time) {
  std::map<std::vector<uint64_t>, int64_t> stacks;
  const size_t count = std::min(samples.taken.load(), kSamplesMax);
  for (size_t i = 0; i < count; ++i) {
    const Sample& sample = samples.all[i];
    std::vector<uint64_t> frames;
    for (int frame = kOwnFrames; frame < sample.depth; ++frame) {
      // A return address is one behind its call; the innermost is where the thread was.
      const auto address = reinterpret_cast<uint64_t>(sample.frames[frame]);
      frames.push_back(frame == kOwnFrames ? address : address - 1);
    }
    if (!frames.empty()) ++stacks[std::move(frames)];
  }
  Writer writer;
  writer.AddMappings();
  for (const auto& [frames, times] : stacks) writer.AddSample(frames, times);
  return writer.Finish(began, time);
}

}  // namespace

absl::StatusOr<std::string> ProfileCpu(Duration time, const std::stop_token& stop) {
  static std::mutex one;
  const std::unique_lock lock(one, std::try_to_lock);
  if (!lock.owns_lock()) return Error(Reason::OVERLOADED, "a profile is being taken; try again when it is done");
  void* first[1];
  backtrace(first, 1);  // loads what it needs outside the handler
  const auto samples = std::make_unique<Samples>();
  const WallTime began = SystemClock().WallNow();
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);  // stays: a signal that is late must find it
  current = samples.get();
  SetTimer(kPeriodUs);
  Wait(time, stop);
  SetTimer(0);
  current = nullptr;
  while (inside.load() > 0) Wait(std::chrono::milliseconds(1));
  return Written(*samples, began, time);
}

}  // namespace sluice
