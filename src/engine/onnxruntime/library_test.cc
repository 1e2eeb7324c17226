#include "engine/onnxruntime/library.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "engine/onnxruntime/telemetry.h"
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
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto open = [] {
    const fs::path home = fs::temp_directory_path() / ("sluice_home_" + std::to_string(getpid()));
    fs::create_directories(home);
    setenv("HOME", home.c_str(), 1);
    setenv("XDG_CACHE_HOME", home.c_str(), 1);
    const size_t threads = EntriesOf("/proc/self/task"), sockets = Sockets();
    const auto library = Library::Get();
    usleep(300'000);  // what would be sent would be sent by now
    const bool clean =
        library.ok() && EntriesOf("/proc/self/task") == threads && Sockets() == sockets && EntriesOf(home) == 0;
    fs::remove_all(home);
    std::exit(clean ? 0 : 1);
  };
  EXPECT_EXIT(open(), ::testing::ExitedWithCode(0), "");
}

TEST(LibraryTest, TheVariableIsSetAndTheVersionKnown) {
  EXPECT_STREQ(std::getenv("ORT_DISABLE_TELEMETRY"), "1");
  const auto library = Library::Get();
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_TRUE((*library)->version().starts_with("1.")) << (*library)->version();
}

}  // namespace
}  // namespace sluice::ort
