#include "transport/http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  State state;
  std::string body, rest;
};

Decoded Decode(std::string_view in, size_t step = SIZE_MAX) {
  ChunkDecoder decoder;
  std::string body;
  size_t used = 0;
  while (used < in.size() && decoder.state() == State::kMore) {
    used += decoder.Decode(in.substr(used, step));
    body += decoder.piece();
  }
  return {decoder.state(), body, std::string(in.substr(used))};
}

TEST(ChunkDecoderTest, ChunksExtensionsAndTrailersComeOffHoweverCut) {
  const std::string_view in = "5\r\nhello\r\n006;a=\"b\";c\r\n world\r\n0;x\r\nname: value\r\nb:\r\n\r\nGET /";
  for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, SIZE_MAX}) {
    const Decoded decoded = Decode(in, step);
    EXPECT_EQ(decoded.state, State::kDone);
    EXPECT_EQ(decoded.body, "hello world");
    EXPECT_EQ(decoded.rest, "GET /");
  }
  EXPECT_EQ(Decode("0\r\n\r\n").state, State::kDone);
}

TEST(ChunkDecoderTest, AnythingElseIsAnError) {
  for (const std::string& bad : {std::string("\r\n"),
                                 std::string("x\r\n"),
                                 std::string("-1\r\n"),
                                 std::string("+1\r\n"),
                                 std::string("0x5\r\n"),
                                 std::string(" 5\r\n"),
                                 std::string("5 \r\n"),
                                 std::string("5\nhello"),
                                 std::string("5\r\nhelloX"),
                                 std::string("5\r\nhello\n"),
                                 std::string("5;a\nb"),
                                 std::string("5;a\rb"),
                                 std::string("5;\0", 3),
                                 std::string("ffffffffffffffff\r\n"),
                                 std::string("0\r\n folded: x"),
                                 std::string("0\r\nhello\r\n"),
                                 std::string("0\r\na b: c\r\n"),
                                 std::string("0\r\na: b\n"),
                                 std::string("0\r\na: b\rc"),
                                 std::string("0\r\n\rx"),
                                 "1;" + std::string(9000, 'x'),
                                 "0\r\na: " + std::string(9000, 'x')}) {
    EXPECT_EQ(Decode(bad).state, State::kError) << bad.substr(0, 30);
    EXPECT_EQ(Decode(bad, 1).state, State::kError) << bad.substr(0, 30);
  }
}

}  // namespace
}  // namespace sluice::http
