#include "cli/batch/runner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/config/file.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temp_folder.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

class Numbers final : public Source {
 public:
  explicit Numbers(uint64_t count) : count_(count) {}
  bool Next(Item& item) override {
    if (at_ == count_) return false;
    item = {.line = ++at_, .payload = StrCat(at_), .name = {}, .error = {}};
    return true;
  }
  uint64_t total() const override { return count_; }
  std::string identity() const override { return "numbers\n"; }

 private:
  const uint64_t count_;
  uint64_t at_ = 0;
};

class NumberFormat final : public Format {
 public:
  size_t items_max() const override { return 3; }
  absl::StatusOr<BatchRequest> Request(std::span<const Item>) const override { return BatchRequest{}; }
  absl::StatusOr<std::vector<std::string>> Lines(std::span<const Item> items, const std::string&) const override {
    std::vector<std::string> lines;
    for (const Item& item : items) lines.push_back(item.payload);
    return lines;
  }
  std::string Rejected(const Item& item, std::string_view) const override { return item.payload + " rejected"; }
};

class RunnerTest : public testing::Test {
 protected:
  // One run over `count` numbers; true when it ended well.
  absl::Status Run(uint64_t count, int concurrency, Runner::Call call) {
    Numbers source(count);
    uint64_t done = 0;
    auto results = Results::Open(path_, source.identity(), "run", [&](std::string_view line) {
      if (!line.starts_with(StrCat(done + 1))) return false;
      ++done;
      return true;
    });
    if (!results.ok()) return results.status();
    Item item;
    for (uint64_t i = 0; i < done; ++i) source.Next(item);
    Runner runner(source, format_, **results, std::move(call), [](const Progress&) {}, clock_, random_,
                  {.done = done, .resumed = done, .total = count});
    const absl::Status status = runner.Run(concurrency);
    if (status.ok()) {
      EXPECT_EQ(runner.progress().done, count);
    }
    return status;
  }
  std::string Content() const { return ReadFile(path_, 1 << 20).value_or(""); }
  static std::string UpTo(int count) {
    std::string all;
    for (int i = 1; i <= count; ++i) all += StrCat(i, "\n");
    return all;
  }

  const TempFolder folder_;
  const std::string path_ = (folder_ / "out").string();
  NumberFormat format_;
  FakeClock clock_;
  Random random_{3};
};

TEST_F(RunnerTest, ManyThreadsWriteInOrder) {
  const auto call = [](const Chunk::Send& send) -> absl::StatusOr<HttpAnswer> {
    // Some calls are much slower than others, so chunks end out of order.
    for (std::atomic<int> i = 0; i < (send.items.front().line % 7 == 1 ? 200'000 : 10);) ++i;
    return HttpAnswer{.status = 200};
  };
  ASSERT_TRUE(Run(1000, 8, call).ok());
  EXPECT_EQ(Content(), UpTo(1000));
}

TEST_F(RunnerTest, NothingToDo) {
  ASSERT_TRUE(
      Run(0, 4, [](const Chunk::Send&) -> absl::StatusOr<HttpAnswer> { return absl::InternalError("called"); }).ok());
  EXPECT_EQ(Content(), "");
}

TEST_F(RunnerTest, AFailureKeepsWhatIsDoneAndTheNextRunGoesOn) {
  const auto failing = [](const Chunk::Send& send) -> absl::StatusOr<HttpAnswer> {
    return HttpAnswer{.status = send.items.back().line >= 50 ? 403 : 200};
  };
  EXPECT_FALSE(Run(100, 4, failing).ok());
  const std::string before = Content();
  EXPECT_TRUE(UpTo(48).starts_with(before)) << before;
  std::atomic<uint64_t> first{UINT64_MAX};
  const auto well = [&first](const Chunk::Send& send) -> absl::StatusOr<HttpAnswer> {
    const uint64_t line = send.items.front().line;
    for (uint64_t seen = first; line < seen && !first.compare_exchange_weak(seen, line);) {
    }
    return HttpAnswer{.status = 200};
  };
  ASSERT_TRUE(Run(100, 4, well).ok());
  EXPECT_EQ(Content(), UpTo(100));
  EXPECT_EQ(first, static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n')) + 1);
}

TEST_F(RunnerTest, ReadsNoFurtherAheadThanItMayHold) {
  // The first chunk stays until the other thread has taken all it may, and a while longer.
  std::atomic<uint64_t> calls{0}, most{0};
  const auto call = [&](const Chunk::Send& send) -> absl::StatusOr<HttpAnswer> {
    calls.fetch_add(1);
    if (send.items.front().line == 1) {
      while (calls < 8) {
      }
      for (std::atomic<int> i = 0; i < 1'000'000;) ++i;
      most = calls.load();
    }
    return HttpAnswer{.status = 200};
  };
  ASSERT_TRUE(Run(3000, 2, call).ok());
  EXPECT_EQ(most, 8u) << "four chunks a thread";
  EXPECT_EQ(Content(), UpTo(3000));
}

}  // namespace
}  // namespace sluice::cli
