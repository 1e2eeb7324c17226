#include "base/log/access_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

std::string ReadAll(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  return out;
}

TEST(AccessLogTest, EveryLineOfEveryThreadIsWrittenWhole) {
  FILE* file = tmpfile();
  const int fd = fileno(file);
  {
    AccessLog log(fd, false);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 1000; ++i) log.Append("line of " + std::to_string(t));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  lseek(fd, 0, SEEK_SET);
  const std::string all = ReadAll(fd);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 4000);
  EXPECT_EQ(all.size(), 4000u * 10);
  fclose(file);
}

TEST(AccessLogTest, IsCongestedWhileTheReaderStandsStill) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  std::thread reader;
  {
    AccessLog log(pipe_ends[1], true);
    const std::string line(1000, 'x');
    for (size_t i = 0; i < 2 * AccessLog::kBufferBytesMax / line.size(); ++i) log.Append(line);
    EXPECT_TRUE(log.Congested());
    reader = std::thread([fd = pipe_ends[0]] { ReadAll(fd); });
    log.Flush();
    EXPECT_FALSE(log.Congested());
  }
  reader.join();
  close(pipe_ends[0]);
}

}  // namespace
}  // namespace sluice
