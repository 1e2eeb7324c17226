#include "transport/websocket/close_code.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice::websocket {
namespace {

TEST(CloseCodeTest, TheReasonSaysWhereToGoOn) {
  const absl::Status down = Error(Reason::SHUTTING_DOWN, "the server is shutting down; open the stream again");
  EXPECT_EQ(CloseCodeOf(down, false), 1001);
  EXPECT_EQ(CloseReasonOf(down, false, "17"),
            "SHUTTING_DOWN: the server is shutting down; open the stream again; last_sequence=17");
  EXPECT_EQ(CloseReasonOf(down, true, ""), "SHUTTING_DOWN: the server is shutting down; open the stream again");
  EXPECT_EQ(CloseReasonOf(absl::OkStatus(), true, "3"), "GOING_AWAY: connect again; last_sequence=3");
  EXPECT_LE(CloseReasonOf(down, true, "4294967295").size(), 123u) << "what a close frame takes";
}

TEST(CloseCodeTest, OtherEndsSayNothingOfIt) {
  EXPECT_EQ(CloseReasonOf(absl::OkStatus(), false, "17"), "");
  EXPECT_EQ(CloseReasonOf(Error(Reason::INVALID_BODY, "no"), false, "17"), "INVALID_BODY: no");
}

}  // namespace
}  // namespace sluice::websocket
