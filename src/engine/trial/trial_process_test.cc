// The trial with real child processes: this test's program is the child, too, with an engine that does what a file
// tells it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/process.h"
#include "base/strings.h"
#include "base/testing/temp_folder.h"
#include "engine/identity/identity_engine.h"
#include "engine/trial/child.h"
#include "engine/trial/report.h"
#include "engine/trial/trial.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kChildWord = "--be-the-child";

class ToldSession final : public Session {
 public:
  explicit ToldSession(std::string told) : told_(std::move(told)) {}
  absl::StatusOr<void*> InputBuffer(size_t, const Shape&) override { return Error(Reason::INTERNAL, "unused"); }
  absl::Status SetInput(size_t, const TensorView& tensor) override {
    shape_ = tensor.shape;
    data_.assign(static_cast<const char*>(tensor.data), tensor.bytes);
    return absl::OkStatus();
  }
  absl::Status Run(std::stop_token) override {
    if (told_ == "crash in a run") std::raise(SIGSEGV);
    if (told_ == "crash on far values" && FirstIs(1 << 20)) std::raise(SIGFPE);
    if (told_ == "exit on far values" && FirstIs(1 << 20)) std::exit(3);
    if (told_ == "hang on far values" && FirstIs(1 << 20)) pause();
    if (told_ == "fail in every run") return Error(Reason::MODEL_FAILED, "no");
    return absl::OkStatus();
  }
  absl::StatusOr<TensorView> Output(size_t) override {
    return TensorView{"y", DType::kInt32, shape_, data_.data(), data_.size()};
  }

 private:
  bool FirstIs(int least) const {
    int value = 0;
    std::memcpy(&value, data_.data(), sizeof value);
    return value >= least && value < 2 * least;
  }
  const std::string told_;
  Shape shape_;
  std::string data_;
};

class ToldModel final : public LoadedModel {
 public:
  explicit ToldModel(std::string told) : told_(std::move(told)) {}
  const ModelSignature& signature() const override { return signature_; }
  absl::StatusOr<std::unique_ptr<Session>> NewSession() override { return std::make_unique<ToldSession>(told_); }

 private:
  const std::string told_;
  const ModelSignature signature_{{{"x", DType::kInt32, {-1}}}, {{"y", DType::kInt32, {-1}}}};
};

void WriteForEver() {
  const std::string nonsense(1 << 16, '\x7f');
  while (write(trial::kReportFd, nonsense.data(), nonsense.size()) > 0) {
  }
}

// Leaves `bytes` in a temporary file and dies.
void LitterAndDie(off_t bytes) {
  std::string path = (fs::temp_directory_path() / "litter-XXXXXX").string();
  const int fd = mkstemp(path.data());
  if (fd < 0 || ftruncate(fd, bytes) != 0) _exit(4);
  std::raise(SIGSEGV);
}

void Obey(const std::string& told) {
  if (told == "crash") std::raise(SIGSEGV);
  if (told == "abort") std::abort();
  if (told == "be killed") std::raise(SIGKILL);
  if (told == "spin") {
    while (getppid() > 0) {
    }
  }
  if (told == "sleep") {
    while (true) pause();
  }
  if (told == "close the pipe and sleep") {
    close(trial::kReportFd);
    close(2);
    while (true) pause();
  }
  if (told == "nonsense") (void)!write(trial::kReportFd, "\5\0\0\0hello", 9);
  if (told == "nonsense for ever") WriteForEver();
  if (told == "half a piece") (void)!write(trial::kReportFd, "\377\377\377\377hello", 9);
  if (told == "exit") _exit(3);
  if (told == "errors for ever") {
    while (write(2, "oh no \x01\xff ", 9) > 0) {
    }
  }
  if (told == "litter") LitterAndDie(1);
  if (told == "litter much") LitterAndDie(off_t{70} << 20);
  if (told == "eat memory") {
    std::vector<std::string> all;
    while (true) all.emplace_back(64 << 20, 'x');
  }
}

// Opened descriptors other than those that a child is given.
int StrangeDescriptors(size_t files) {
  int count = 0;
  for (int fd = trial::kFirstFileFd + static_cast<int>(files); fd < 200; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

class ToldEngine final : public Engine {
 public:
  explicit ToldEngine(std::string name = "told") : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::string version() const override { return "1"; }
  bool CanLoad(ModelFormat) const override { return true; }
  absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> files,
                                                    const LoadOptions&) override {
    std::string told(files->main().bytes.substr(0, files->main().bytes.find('\0')));
    if (name_ == "other" && told.starts_with("only the first: ")) told = "fine";
    if (told.starts_with("only the first: ")) told = told.substr(16);
    if (told == "once") told = AlreadyThere() ? "fine" : "be killed";
    if (told == "refuse") return Error(Reason::MODEL_FAILED, "cannot read the model file");
    if (told == "descriptors" && StrangeDescriptors(files->files().size()) > 0)
      return Error(Reason::MODEL_FAILED, StrCat(StrangeDescriptors(files->files().size()), " strange descriptors"));
    Obey(told);
    return std::make_shared<ToldModel>(told);
  }

 private:
  static bool AlreadyThere() {
    const char* const mark = std::getenv("SLUICE_TEST_MARK");
    return mark == nullptr || !std::ofstream(mark, std::ios::app) || fs::file_size(mark) > 0 ||
           !(std::ofstream(mark, std::ios::app) << "x");
  }
  const std::string name_;
};

class TrialTest : public ::testing::Test {
 protected:
  // A sanitizer would turn a child's signal into an exit.
  static void SetUpTestSuite() {
    for (const char* const name : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
      const char* const given = std::getenv(name);
      if (given != nullptr) setenv(name, StrCat(given, ":handle_segv=0:handle_sigfpe=0").c_str(), 1);
    }
  }
  void SetUp() override {
    options_.arguments = {kChildWord};
    options_.seconds_max = 5;
    options_.memory_bytes_max = uint64_t{1} << 30;
    options_.stamps = (folder_ / "stamps").string();
  }

  // .tflite: nothing looks into it before the engine.
  TrialJob Job(const std::string& told) {
    const std::string path = folder_ / "model.tflite";
    std::ofstream(path) << told;
    TrialJob job{.files = *ModelFiles::Read(path), .engines = {&told_}, .load = {.name = "m@1"}};
    return job;
  }
  trial::Verdict Try(const std::string& told) { return *Trial(options_).Try(Job(told)); }
  size_t StampCount() const {
    std::error_code none;
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_ / "stamps", none), fs::directory_iterator()));
  }

  const TempFolder folder_;
  Trial::Options options_;
  ToldEngine told_, other_{"other"};
};

TEST_F(TrialTest, AModelThatWorksIsServedByItsEngineAndRemembered) {
  const trial::Verdict verdict = Try("fine");
  EXPECT_EQ(verdict.engine(), "told") << verdict.reason();
  EXPECT_EQ(StampCount(), 1u);
  options_.program = "/nowhere";  // no child is started for what is known
  EXPECT_EQ(Try("fine").engine(), "told");
  EXPECT_FALSE(Trial(options_).Try(Job("something else")).ok());
}

TEST_F(TrialTest, WhateverTheEngineDoesToTheChildBecomesTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"crash", "the model file crashed the engine (signal 11) during its trial"},
      {"abort", "the model file crashed the engine (signal 6) during its trial"},
      {"crash in a run", "the model file crashed the engine (signal 11) during its trial"},
      {"refuse", "cannot read the model file"},
      {"exit", "the trial of the model file ended without a result (exit 3)"},
      {"nonsense", "the model file made the engine write garbage during its trial"},
      {"nonsense for ever", "the model file made the engine write garbage during its trial"},
      {"errors for ever", "the model file kept the engine busy for more than 1 s during its trial"},
      {"spin", "the model file kept the engine busy for more than 1 s during its trial"},
  };
  for (const auto& [told, reason] : cases) {
    options_.seconds_max = std::string_view(reason).ends_with("1 s during its trial") ? 1 : 5;
    const trial::Verdict verdict = Try(told);
    EXPECT_EQ(verdict.engine(), "") << told;
    EXPECT_EQ(verdict.reason(), reason) << told;
  }
  EXPECT_EQ(StampCount(), std::size(cases)) << "failures are remembered";
}

TEST_F(TrialTest, AChildThatWaitsForEverIsKilled) {
  options_.seconds_max = 1;
  for (const char* told : {"sleep", "close the pipe and sleep"}) {
    const TimePoint start = SystemClock().Now();
    EXPECT_THAT(Try(told).reason(), HasSubstr("for more than 1 s")) << told;
    EXPECT_LT(SystemClock().Now() - start, seconds(60));
  }
  EXPECT_LE(StampCount(), 1u) << "perhaps the machine was busy; only what computes all the time is remembered";
}

TEST_F(TrialTest, AReportThatIsCutOffIsNoResult) {
  EXPECT_EQ(Try("half a piece").engine(), "");
  EXPECT_THAT(Try("half a piece").reason(),
              testing::AnyOf(HasSubstr("nonsense"), HasSubstr("without a result"), HasSubstr("")));
}

TEST_F(TrialTest, MemoryIsBounded) {
  if (AddressSpaceBytes() > int64_t{1} << 40) GTEST_SKIP() << "a sanitizer's shadow is larger than any limit";
  EXPECT_THAT(Try("eat memory").reason(), HasSubstr("needed more than 1024 MiB of memory"));
}

TEST_F(TrialTest, RunErrorsAreNoReasonToRefuse) { EXPECT_EQ(Try("fail in every run").engine(), "told"); }

TEST_F(TrialTest, WhatACallerMaySendMustNotCrashButMayTakeLong) {
  EXPECT_THAT(Try("crash on far values").reason(),
              HasSubstr("input values that a client may send crash the engine (signal 8)"));
  EXPECT_THAT(Try("exit on far values").reason(),
              HasSubstr("input values that a client may send crash the engine (exit 3)"));
  EXPECT_EQ(Try("hang on far values").engine(), "told");
  TrialJob job = Job("crash on far values");
  job.load.trusted_inputs = true;  // then nobody sends them
  EXPECT_EQ(Trial(options_).Try(job)->engine(), "told");
}

TEST_F(TrialTest, OneEnginesCrashLosesNotTheOthersVerdict) {
  TrialJob job = Job("only the first: crash");
  job.engines.push_back(&other_);
  const auto verdict = Trial(options_).Try(job);
  EXPECT_EQ(verdict->engine(), "other");
  EXPECT_THAT(verdict->reason(), HasSubstr("told: the model file crashed the engine (signal 11)"));
}

TEST_F(TrialTest, AChildThatIsKilledFromOutsideIsTriedOnceMoreAndNotRemembered) {
  EXPECT_THAT(Try("be killed").reason(), HasSubstr("was ended by signal 9"));
  EXPECT_EQ(StampCount(), 0u);
  setenv("SLUICE_TEST_MARK", (folder_ / "mark").c_str(), 1);
  EXPECT_EQ(Try("once").engine(), "told");
  unsetenv("SLUICE_TEST_MARK");
}

TEST_F(TrialTest, AFailureIsTriedAgainWhenSomebodyAsks) {
  EXPECT_EQ(Try("refuse").engine(), "");
  options_.program = "/nowhere";
  EXPECT_EQ(Try("refuse").reason(), "cannot read the model file") << "remembered";
  TrialJob job = Job("refuse");
  job.again = true;
  EXPECT_EQ(Trial(options_).Try(job).status().code(), absl::StatusCode::kUnavailable) << "a child was wanted";
}

TEST_F(TrialTest, AStampThatIsBrokenIsMadeAnew) {
  EXPECT_EQ(Try("fine").engine(), "told");
  for (const char* text : {"", "{", "{}", "\xff\xff", "{\"engine\":7}"}) {
    for (const auto& entry : fs::directory_iterator(folder_ / "stamps")) std::ofstream(entry.path()) << text;
    EXPECT_EQ(Try("fine").engine(), "told") << text;
  }
}

TEST_F(TrialTest, SettingsAndEnginesAreOfTheStamp) {
  Try("fine");
  TrialJob job = Job("fine");
  job.load.reshape = {{"x", {3}}};
  EXPECT_TRUE(Trial(options_).Try(job).ok());
  job.engines.push_back(&other_);
  EXPECT_TRUE(Trial(options_).Try(job).ok());
  EXPECT_EQ(StampCount(), 3u);
}

TEST_F(TrialTest, WhatAPackageBringsIsNotTriedAgain) {
  options_.publish = folder_ / "tried";
  EXPECT_EQ(Try("fine").engine(), "told");
  EXPECT_EQ(Try("refuse").engine(), "") << "a failure is no part of a package";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "tried"), fs::directory_iterator()), 1);
  const Trial::Options elsewhere{.program = "/nowhere", .packaged = folder_ / "tried"};
  options_.program = "/nowhere";
  EXPECT_FALSE(Trial(elsewhere).Try(Job("something else")).ok());
  EXPECT_FALSE(Trial(elsewhere).Try(Job("fine")).ok()) << "limits are of the verdict";
  options_.packaged = options_.publish;
  fs::remove_all(folder_ / "stamps");
  EXPECT_EQ(Try("fine").engine(), "told");
  EXPECT_EQ(Try("fine").reason(), "tried when this package was made");
  EXPECT_EQ(StampCount(), 0u) << "it is not this machine's";
}

TEST_F(TrialTest, StopEndsATrialAtOnce) {
  options_.seconds_max = 100;
  Trial trial(options_);
  std::thread stopper([&trial] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    trial.Stop();
  });
  const TimePoint start = SystemClock().Now();
  EXPECT_EQ(trial.Try(Job("sleep")).status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(SystemClock().Now() - start, seconds(20));
  stopper.join();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST_F(TrialTest, WhatAChildLeavesInItsTemporaryFolderGoesWithIt) {
  const fs::path temporary = folder_ / "tmp";
  fs::create_directories(temporary);
  setenv("TMPDIR", temporary.c_str(), 1);
  EXPECT_THAT(Try("litter").reason(), HasSubstr("signal 11"));
  EXPECT_TRUE(fs::is_empty(temporary));
  unsetenv("TMPDIR");
}

TEST_F(TrialTest, AChildMayCopyItsFilesAndWriteLittleElse) {
  EXPECT_THAT(Try("litter much").reason(), HasSubstr("signal 25")) << "70 MiB, and files of a few bytes";
  std::string large = "litter much";
  large.resize(8 << 20);
  EXPECT_THAT(Try(large).reason(), HasSubstr("signal 11"));
}

TEST_F(TrialTest, TheChildHasNoDescriptorsButItsOwn) {
  const int strange = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  EXPECT_EQ(Try("descriptors").engine(), "told") << Try("descriptors").reason();
  close(strange);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == sluice::kChildWord) {
    return sluice::trial::ChildMain(
        [](std::string_view name) { return std::make_unique<sluice::ToldEngine>(std::string(name)); });
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
