#include "base/log/line_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string ReadAll(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  return out;
}

std::string Contents(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY);
  std::string all = ReadAll(fd);
  close(fd);
  return all;
}

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    CloseWriter();
    close(ends[0]);
  }
  void CloseWriter() {
    if (ends[1] >= 0) close(std::exchange(ends[1], -1));
  }
  int ends[2];
};

// Lines and losses in what was written: "line …" and "lost N".
struct Tally {
  explicit Tally(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      EXPECT_NE(end, std::string_view::npos) << "the last line is not whole";
      if (end == std::string_view::npos) break;
      const std::string line(text.substr(at, end - at));
      at = end + 1;
      unsigned long long n = 0;
      if (std::sscanf(line.c_str(), "lost %llu", &n) == 1) {
        told += n;
      } else {
        EXPECT_TRUE(line.starts_with("line ") && line.ends_with(" end")) << line.substr(0, 80);
        ++lines;
      }
    }
  }
  uint64_t lines = 0, told = 0;
};

std::string Line(size_t i, size_t bytes = 0) { return "line " + std::to_string(i) + std::string(bytes, '.') + " end"; }
std::string Note(uint64_t lost) { return "lost " + std::to_string(lost); }

TEST(LineLogTest, EveryLineOfEveryThreadIsWrittenWhole) {
  FILE* file = tmpfile();
  const int fd = fileno(file);
  {
    LineLog log(fd, {});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (size_t i = 0; i < 1000; ++i) log.Append(Line(i));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  lseek(fd, 0, SEEK_SET);
  EXPECT_EQ(Tally(ReadAll(fd)).lines, 4000u);
  fclose(file);
}

TEST(LineLogTest, AReaderThatStandsStillLosesLinesAndIsToldHowMany) {
  Pipe pipe;
  std::string text;
  uint64_t appended = 0, lost = 0;
  std::thread reader;
  {
    LineLog log(pipe.ends[1], {.bytes_max = 100'000, .patience = milliseconds(50), .note = Note});
    const auto append = [&](size_t n) {
      for (size_t i = 0; i < n; ++i) log.Append(Line(appended++, 300));
    };
    append(1000);  // three times what fits into the buffer
    EXPECT_GT(log.lost(), 500u);
    const uint64_t before = log.lost();
    for (int i = 0; i < 5000 && log.lost() == before; ++i) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_GT(log.lost(), before) << "what waited is lost when the patience ends";
    append(10);
    reader = std::thread([&] { text = ReadAll(pipe.ends[0]); });
    EXPECT_EQ(log.Flush(seconds(10)), 0u);
    append(10);
    EXPECT_EQ(log.Flush(seconds(10)), 0u);
    lost = log.lost();
  }
  pipe.CloseWriter();
  reader.join();
  const Tally tally(text);
  EXPECT_EQ(tally.lines + lost, appended);
  EXPECT_EQ(tally.told, lost);
  EXPECT_GE(tally.lines, 10u);
}

TEST(LineLogTest, APipeThatWasGivenIsLeftAsItIs) {
  Pipe pipe;
  std::string text;
  std::thread reader([&] { text = ReadAll(pipe.ends[0]); });
  {
    LineLog log(pipe.ends[1], {.gather = milliseconds(1)});
    for (size_t i = 0; i < 1000; ++i) log.Append(Line(i, 300));
    EXPECT_EQ(log.Flush(seconds(10)), 0u);
  }
  EXPECT_EQ(fcntl(pipe.ends[1], F_GETFL) & O_NONBLOCK, 0) << "others write into it, too";
  pipe.CloseWriter();
  reader.join();
  EXPECT_EQ(Tally(text).lines, 1000u);
}

TEST(LineLogTest, WaitsForASlowReaderWhenItIsAskedTo) {
  Pipe pipe;
  std::string text;
  std::thread reader;
  uint64_t appended = 0;
  {
    LineLog log(pipe.ends[1], {.bytes_max = 100'000, .patience = milliseconds(20), .waits = true, .note = Note});
    while (!log.Congested()) log.Append(Line(appended++, 300));
    std::this_thread::sleep_for(milliseconds(100));
    EXPECT_TRUE(log.Congested());
    EXPECT_EQ(log.lost(), 0u);
    reader = std::thread([&] { text = ReadAll(pipe.ends[0]); });
    EXPECT_EQ(log.Flush(seconds(10)), 0u);
    EXPECT_FALSE(log.Congested());
  }
  pipe.CloseWriter();
  reader.join();
  EXPECT_EQ(Tally(text).lines, appended);
}

TEST(LineLogTest, WaitingHasABoundToo) {
  Pipe pipe;
  LineLog log(pipe.ends[1], {.bytes_max = 10'000, .patience = milliseconds(20), .waits = true});
  for (size_t i = 0; i < 100'000; ++i) log.Append(Line(i, 300));
  EXPECT_GT(log.lost(), 99'000u);
}

TEST(LineLogTest, TheEndDoesNotWaitForAReader) {
  for (const bool waits : {false, true}) {
    Pipe pipe;
    const TimePoint start = SystemClock().Now();
    {
      LineLog log(pipe.ends[1], {.patience = milliseconds(50), .waits = waits});
      for (size_t i = 0; i < 1000; ++i) log.Append(Line(i, 300));
    }
    EXPECT_LT(SystemClock().Now() - start, seconds(5));
  }
}

TEST(LineLogTest, AClosedPipeLosesLinesAndNothingElse) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  close(std::exchange(pipe.ends[0], open("/dev/null", O_RDONLY)));
  LineLog log(pipe.ends[1], {.gather = Duration::zero()});
  log.Append(Line(1));
  EXPECT_EQ(log.Flush(seconds(10)), 0u);
  EXPECT_EQ(log.lost(), 1u);
}

class LineLogFileTest : public testing::Test {
 protected:
  LineLogFileTest() {
    char folder[] = "/tmp/line_log_XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/a.log";
  }
  ~LineLogFileTest() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<LineLog> Open() {
    const int fd = LineLog::OpenFile(path_);
    return std::make_unique<LineLog>(fd, LineLog::Options{.gather = Duration::zero(), .path = path_});
  }
  std::string folder_, path_;
};

TEST_F(LineLogFileTest, ARenamedFileIsOpenedAnewOnRequest) {
  auto log = Open();
  log->Append(Line(1));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  std::filesystem::rename(path_, path_ + ".1");
  log->Reopen();
  log->Append(Line(2));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  EXPECT_EQ(Contents(path_ + ".1"), Line(1) + "\n");
  EXPECT_EQ(Contents(path_), Line(2) + "\n");
}

TEST_F(LineLogFileTest, ARemovedFileIsNoticedWithinAboutASecond) {
  auto log = Open();
  log->Append(Line(1));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  std::filesystem::remove(path_);
  for (int i = 0; i < 100 && !std::filesystem::exists(path_); ++i) {
    std::this_thread::sleep_for(milliseconds(100));
    log->Append(Line(2));
    ASSERT_EQ(log->Flush(seconds(10)), 0u);
  }
  EXPECT_EQ(Contents(path_), Line(2) + "\n");
}

TEST_F(LineLogFileTest, TheOldFileIsKeptWhileTheNewOneCannotBeOpened) {
  auto log = Open();
  log->Append(Line(1));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  std::filesystem::rename(path_, folder_ + "/old");
  std::filesystem::create_directory(path_);
  log->Reopen();
  log->Append(Line(2));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  EXPECT_EQ(Tally(Contents(folder_ + "/old")).lines, 2u);
}

TEST_F(LineLogFileTest, AFullFileIsReplacedInTheMiddleOfALine) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  auto log = Open();
  const rlimit full{.rlim_cur = Line(1).size() + 5, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  for (size_t i = 1; i <= 3; ++i) log->Append(Line(i));
  const uint64_t waiting = log->Flush(seconds(10));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_EQ(waiting, 0u);
  EXPECT_EQ(Contents(path_), Line(1) + "\n" + Line(2).substr(0, 4));
  std::filesystem::rename(path_, path_ + ".1");
  log->Reopen();
  log->Append(Line(4));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  EXPECT_EQ(Contents(path_), Line(4) + "\n");
  EXPECT_EQ(log->lost(), 2u);
}

TEST_F(LineLogFileTest, APipeThatNobodyReadsIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0640), 0);
  EXPECT_EQ(LineLog::OpenFile(path_), -1);
  EXPECT_EQ(errno, ENXIO);
  const UniqueFd reader(open(path_.c_str(), O_RDONLY | O_NONBLOCK));
  auto log = Open();
  log->Append(Line(1));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  std::string read_line(Line(1).size() + 1, '\0');
  ASSERT_EQ(read(reader.get(), read_line.data(), read_line.size()), static_cast<ssize_t>(read_line.size()));
  EXPECT_EQ(read_line, Line(1) + "\n");
}

TEST_F(LineLogFileTest, AFileThatBecomesAPipeLeavesTheOldOne) {
  auto log = Open();
  std::filesystem::rename(path_, folder_ + "/old");
  ASSERT_EQ(mkfifo(path_.c_str(), 0640), 0);
  log->Reopen();
  log->Append(Line(1));
  ASSERT_EQ(log->Flush(seconds(10)), 0u);
  EXPECT_EQ(Tally(Contents(folder_ + "/old")).lines, 1u);
}

}  // namespace
}  // namespace sluice
