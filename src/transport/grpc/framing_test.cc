#include "transport/grpc/framing.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/grpc_service.pb.h"

namespace sluice::grpc {
namespace {

std::string Framed(std::string_view message, bool compressed = false) {
  std::string frame(kFrameHeaderBytes, '\0');
  PutFrameHeader(frame.data(), message.size(), compressed);
  return frame.append(message);
}

// All messages of `bytes`, given in pieces of `step`.
std::vector<std::string> Cut(std::string_view bytes, size_t step, size_t max = 1 << 20) {
  Deframer deframer(max);
  std::vector<std::string> messages;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    std::string_view piece = bytes.substr(0, step);
    while (!piece.empty()) {
      Deframer::Frame frame;
      const auto complete = deframer.Next(piece, frame);
      EXPECT_TRUE(complete.ok()) << complete.status();
      if (complete.ok() && *complete) messages.emplace_back(frame.message);
    }
  }
  EXPECT_FALSE(deframer.mid_message());
  return messages;
}

TEST(FramingTest, AnySplitGivesTheSameMessages) {
  const std::vector<std::string> messages = {"", "a", std::string(300, 'b'), "", std::string(100'000, 'c'), "d"};
  std::string bytes;
  for (const auto& message : messages) bytes += Framed(message);
  for (const size_t step : {1, 2, 3, 5, 7, 64, 1'000, 65'537, 1'000'000}) EXPECT_EQ(Cut(bytes, step), messages) << step;
}

TEST(FramingTest, AWholeMessageIsNotCopied) {
  const std::string bytes = Framed("hello");
  Deframer deframer(100);
  std::string_view in = bytes;
  Deframer::Frame frame;
  EXPECT_TRUE(*deframer.Next(in, frame));
  EXPECT_EQ(frame.message.data(), bytes.data() + kFrameHeaderBytes);
  EXPECT_EQ(deframer.buffered(), 2 * std::string().capacity());
}

TEST(FramingTest, TheCompressedFlagIsGiven) {
  const std::string bytes = Framed("x", true);
  Deframer deframer(100);
  std::string_view in = bytes;
  Deframer::Frame frame;
  EXPECT_TRUE(*deframer.Next(in, frame));
  EXPECT_TRUE(frame.compressed);
}

// What comes apart and what is left are the message: for any cut, wherever the large values lie.
TEST(FramingTest, ALargeValueComesApart) {
  inference::ModelInferRequest message;
  message.set_model_name("m");
  message.add_raw_input_contents("first");
  message.add_raw_input_contents(std::string(200'000, 'x'));
  message.add_raw_input_contents(std::string(100'000, 'y'));
  message.add_raw_input_contents("last");
  (*message.mutable_parameters())["p"].set_int64_param(7);
  const std::string bytes = Framed(message.SerializeAsString());
  for (const size_t step : {40, 1'000, 16'384, 150'000}) {
    Deframer deframer(1 << 20);
    deframer.SplitBy(*message.GetDescriptor());
    Deframer::Frame frame;
    for (std::string_view rest = bytes; !rest.empty();) {
      std::string_view piece = rest.substr(0, step);
      rest.remove_prefix(piece.size());
      ASSERT_EQ(*deframer.Next(piece, frame), rest.empty()) << step;
    }
    EXPECT_EQ(frame.wire_bytes, bytes.size());
    ASSERT_NE(frame.large, nullptr) << step;
    EXPECT_LT(frame.message.size(), 101'000u);
    const char* const data = frame.large->bytes.data();
    inference::ModelInferRequest parsed;
    ASSERT_TRUE(parsed.ParseFromArray(frame.message.data(), static_cast<int>(frame.message.size())));
    ASSERT_TRUE(PutLargeValue(parsed, std::move(*frame.large)));
    EXPECT_EQ(parsed.raw_input_contents(1).data(), data) << "not copied";
    EXPECT_EQ(parsed.SerializeAsString(), message.SerializeAsString()) << step;
  }
}

TEST(FramingTest, ACompressedMessageStaysWhole) {
  inference::ModelInferRequest message;
  message.add_raw_input_contents(std::string(200'000, 'x'));
  const std::string bytes = Framed(message.SerializeAsString(), true);
  Deframer deframer(1 << 20);
  deframer.SplitBy(*message.GetDescriptor());
  Deframer::Frame frame;
  std::string_view head = std::string_view(bytes).substr(0, 1'000), tail = std::string_view(bytes).substr(1'000);
  EXPECT_FALSE(*deframer.Next(head, frame));
  EXPECT_TRUE(*deframer.Next(tail, frame));
  EXPECT_EQ(frame.large, nullptr);
  EXPECT_EQ(frame.message.size(), bytes.size() - kFrameHeaderBytes);
}

TEST(FramingTest, MemoryFollowsWhatCameNotWhatWasAnnounced) {
  Deframer deframer(1 << 30);
  std::string head(kFrameHeaderBytes, '\0');
  PutFrameHeader(head.data(), 1 << 30, false);
  std::string_view in = head;
  Deframer::Frame frame;
  EXPECT_FALSE(*deframer.Next(in, frame));
  in = "some";
  EXPECT_FALSE(*deframer.Next(in, frame));
  EXPECT_LE(deframer.buffered(), 70'000u);
  EXPECT_TRUE(deframer.mid_message());
}

TEST(FramingTest, TooLongIsRefusedAtItsHeader) {
  Deframer deframer(10);
  std::string head(kFrameHeaderBytes, '\0');
  PutFrameHeader(head.data(), 11, false);
  std::string_view in = head;
  Deframer::Frame frame;
  const auto status = deframer.Next(in, frame).status();
  EXPECT_EQ(ReasonOf(status), Reason::BODY_TOO_LARGE);
  EXPECT_NE(std::string(status.message()).find("11 bytes exceeds the server's 10"), std::string::npos);
}

TEST(FramingTest, AWrongFlagIsAProtocolError) {
  Deframer deframer(10);
  std::string_view in("\2\0\0\0\0", 5);
  Deframer::Frame frame;
  EXPECT_EQ(ReasonOf(deframer.Next(in, frame).status()), Reason::PROTOCOL_ERROR);
}

}  // namespace
}  // namespace sluice::grpc
