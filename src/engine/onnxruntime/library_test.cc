#include "engine/onnxruntime/library.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/testing/sanitized.h"
#include "base/testing/temp_folder.h"
#include "engine/onnxruntime/telemetry.h"
#include "engine/onnxruntime/testing/runs.h"
#include "gtest/gtest.h"

namespace sluice::ort {
namespace {

namespace fs = std::filesystem;

// Before any test, as main() does it.
[[maybe_unused]] const bool kNoTelemetry = (DisableTelemetry(), true);

size_t EntriesOf(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

size_t Sockets() {
  size_t count = 0;
  for (const auto& fd : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += fs::read_symlink(fd, gone).string().starts_with("socket:") ? 1 : 0;
  }
  return count;
}

// In a process of its own (the library may be open here already): prints what opening it brought.
TEST(LibraryDeathTest, OpeningItMakesNoThreadNoFileAndNoSocket) {
  if (kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer has a thread of its own, which comes when it likes";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto open = [] {
    const TempFolder home;
    setenv("HOME", home.c_str(), 1);
    setenv("XDG_CACHE_HOME", home.c_str(), 1);
    const size_t threads = EntriesOf("/proc/self/task"), sockets = Sockets();
    const auto library = Library::Get();
    usleep(300'000);  // what would be sent would be sent by now
    const bool clean =
        library.ok() && EntriesOf("/proc/self/task") == threads && Sockets() == sockets && EntriesOf(home) == 0;
    std::exit(clean ? 0 : 1);
  };
  EXPECT_EXIT(open(), ::testing::ExitedWithCode(0), "");
}

// y = x, as often as s says.
onnx::testing::Net Expand() {
  onnx::testing::Net net;
  net.Input("x", onnx::kFloat, {"1"}).Input("s", onnx::kInt64, {"1"}).Node("Expand", {"x", "s"}, {"y"});
  return net.Output("y", onnx::kFloat, {"n"});
}

absl::Status RunOf(testing::Runs& runs, int64_t elements) {
  RETURN_IF_ERROR(runs.Set<float>(0, DType::kFp32, {1}, {2.5f}));
  RETURN_IF_ERROR(runs.Set<int64_t>(1, DType::kInt64, {1}, {elements}));
  RETURN_IF_ERROR(runs.session().Run());
  const auto output = runs.session().Output(0);
  const bool right = output.ok() && output->shape == Shape({elements}) && output->As<float>().back() == 2.5f;
  runs.session().ForgetOutputs();
  return right ? absl::OkStatus() : absl::DataLossError("not what was asked for");
}

// In a process of its own: the first to open the library says how much memory runs may take.
TEST(LibraryDeathTest, RunsTakeNoMoreMemoryThanTheyMay) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [] {
    constexpr int64_t kMillion = 1'000'000;  // elements: 4 MB
    if (!Library::Get(64 << 20).ok()) std::exit(1);
    testing::Runs one(Expand()), other(Expand());
    for (int round = 0; round < 3; ++round) {
      // Ever larger ones leave pieces that are too small for the next: all of them would be 200 MB.
      for (int64_t elements = kMillion; elements < 12 * kMillion; elements += kMillion / 2) {
        if (!RunOf(elements % kMillion == 0 ? one : other, elements).ok()) std::exit(2);
      }
      if (ReasonOf(RunOf(one, 17 * kMillion)) != Reason::RUN_TOO_LARGE) std::exit(3);
      if (ReasonOf(RunOf(one, int64_t{1} << 45)) != Reason::RUN_TOO_LARGE) std::exit(4);
      if (!RunOf(one, 10).ok() || !RunOf(other, 11 * kMillion).ok()) std::exit(5);
    }
    std::exit(0);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

TEST(LibraryTest, TheVariableIsSetAndTheVersionKnown) {
  EXPECT_STREQ(std::getenv("ORT_DISABLE_TELEMETRY"), "1");
  const auto library = Library::Get();
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_TRUE((*library)->version().starts_with("1.")) << (*library)->version();
}

}  // namespace
}  // namespace sluice::ort
