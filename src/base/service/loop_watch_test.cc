#include "base/service/loop_watch.h"

#include "base/testing/fake_loop.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::chrono::seconds;

struct Watched {
  FakeLoop first, second;
  int alive = 0;
  LoopWatch watch{{&first, &second}, seconds(1), [this] { ++alive; }};
};

TEST(LoopWatch, SaysAliveOnceForEachIntervalWhileAllLoopsTurn) {
  Watched w;
  w.watch.Start();
  for (int round = 1; round <= 3; ++round) {
    w.first.Run();
    EXPECT_EQ(w.alive, round - 1) << "the second has not answered";
    w.second.Run();
    EXPECT_EQ(w.alive, round);
    w.first.Advance(seconds(1));
  }
}

TEST(LoopWatch, OneLoopThatHangsSilencesItUntilThatLoopGoesOn) {
  Watched w;
  w.watch.Start();
  w.first.Run();
  w.second.Run();
  for (int i = 0; i < 10; ++i) w.first.Advance(seconds(1));
  EXPECT_EQ(w.alive, 1);
  w.second.Run();
  EXPECT_EQ(w.alive, 2) << "what it was asked ten times is one question";
  w.first.Advance(seconds(1));
  w.second.Run();
  EXPECT_EQ(w.alive, 3);
}

TEST(LoopWatch, TheLoopThatAsksMayHangToo) {
  Watched w;
  w.watch.Start();
  for (int i = 0; i < 10; ++i) w.second.Advance(seconds(1));
  EXPECT_EQ(w.alive, 0);
}

}  // namespace
}  // namespace sluice
