#include "transport/websocket/frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::websocket {
namespace {

// A client's frame, masked; `first` is FIN, RSV and opcode.
std::string Frame(int first, std::string_view payload, bool masked = true, size_t length_bytes = 99) {
  std::string out(1, static_cast<char>(first));
  if (length_bytes == 99) length_bytes = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  const int mask_bit = masked ? 0x80 : 0;
  out += static_cast<char>(mask_bit | (length_bytes == 0   ? static_cast<int>(payload.size())
                                       : length_bytes == 2 ? 126
                                                           : 127));
  for (size_t i = length_bytes; i-- > 0;) out += static_cast<char>(payload.size() >> (8 * i));
  if (!masked) return out.append(payload);
  const unsigned char mask[4] = {0x12, 0xff, 0x00, 0x80};
  out.append(reinterpret_cast<const char*>(mask), 4);
  for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ static_cast<char>(mask[i & 3]));
  return out;
}

struct Read {
  std::vector<std::pair<int, std::string>> items;
  uint16_t fault = 0;
};

Read ReadAll(std::string_view bytes, size_t step, size_t max = 100'000) {
  FrameReader reader(max);
  Read out;
  for (size_t at = 0; at < bytes.size() && out.fault == 0; at += step) {
    std::string_view in = bytes.substr(at, step);
    Item item;
    while (reader.Next(in, item)) out.items.emplace_back(static_cast<int>(item.kind), item.payload);
    out.fault = reader.fault().code;
  }
  return out;
}

TEST(WebSocketFrameTest, MessagesAndControlFramesDoNotDependOnTheCut) {
  const std::string big(70'000, 'x');
  const std::string bytes = Frame(0x81, "hello") + Frame(0x01, "фр") + Frame(0x89, "ping") + Frame(0x00, "") +
                            Frame(0x80, "аг") + Frame(0x82, std::string(200, '\xff')) + Frame(0x82, big) +
                            Frame(0x82, "") + Frame(0x88, std::string("\x03\xe8", 2));
  const std::vector<std::pair<int, std::string>> expected = {{1, "hello"},
                                                             {9, "ping"},
                                                             {1, "фраг"},
                                                             {2, std::string(200, '\xff')},
                                                             {2, big},
                                                             {2, ""},
                                                             {8, std::string("\x03\xe8", 2)}};
  for (const size_t step : {1u, 2u, 3u, 7u, 13u, 1000u, 1u << 20}) {
    const Read read = ReadAll(bytes, step);
    EXPECT_EQ(read.items, expected) << step;
    EXPECT_EQ(read.fault, 0) << step;
  }
}

TEST(WebSocketFrameTest, WhatAClientMustNotSend) {
  const struct {
    const char* name;
    std::string bytes;
    int code;
  } cases[] = {
      {"unmasked", Frame(0x81, "a", false), 1002},
      {"reserved bit", Frame(0xc1, "a"), 1002},
      {"opcode 3", Frame(0x83, "a"), 1002},
      {"opcode 11", Frame(0x8b, "a"), 1002},
      {"fragmented ping", Frame(0x09, "a"), 1002},
      {"long ping", Frame(0x89, std::string(126, 'a')), 1002},
      {"continuation of nothing", Frame(0x80, "a"), 1002},
      {"message inside a message", Frame(0x01, "a") + Frame(0x81, "b"), 1002},
      {"two-byte length of 5", Frame(0x81, "hello", true, 2), 1002},
      {"eight-byte length of 5", Frame(0x81, "hello", true, 8), 1002},
      {"text that is not UTF-8", Frame(0x81, "\xc3\x28"), 1007},
      {"text that breaks off", Frame(0x81, "\xe2\x82"), 1007},
      {"a surrogate", Frame(0x81, "\xed\xa0\x80"), 1007},
      {"too large", Frame(0x82, std::string(1001, 'a')), 1009},
      {"too large in two", Frame(0x02, std::string(600, 'a')) + Frame(0x80, std::string(600, 'a')), 1009},
  };
  for (const auto& c : cases) {
    for (const size_t step : {1u, 1u << 20}) {
      const Read read = ReadAll(c.bytes, step, 1000);
      EXPECT_EQ(read.fault, c.code) << c.name << " by " << step;
      EXPECT_TRUE(read.items.empty()) << c.name;
    }
  }
  EXPECT_EQ(ReadAll(Frame(0x01, "\xe2\x82") + Frame(0x80, "\xac"), 1).fault, 0) << "a character over two fragments";
  EXPECT_EQ(ReadAll(Frame(0x82, std::string(1000, 'a')), 7, 1000).fault, 0);
}

TEST(WebSocketFrameTest, ATooLargeMessageIsRefusedByItsHeader) {
  FrameReader reader(1000);
  const std::string frame = Frame(0x82, std::string(5000, 'a'));
  std::string_view header(frame.data(), 8);
  Item item;
  EXPECT_FALSE(reader.Next(header, item));
  EXPECT_EQ(reader.fault().code, 1009);
}

TEST(WebSocketFrameTest, IdleFramesAreCounted) {
  FrameReader reader(1000);
  const std::string bytes = Frame(0x89, "") + Frame(0x8a, "x") + Frame(0x01, "") + Frame(0x00, "") + Frame(0x80, "");
  std::string_view in = bytes;
  Item item;
  while (reader.Next(in, item)) {
  }
  EXPECT_EQ(reader.TakeIdleFrames(), 4u);
  EXPECT_EQ(reader.TakeIdleFrames(), 0u);
}

TEST(WebSocketFrameTest, FramesForTheClient) {
  EXPECT_EQ(FrameHeader(Opcode::kText, 5), std::string("\x81\x05", 2));
  EXPECT_EQ(FrameHeader(Opcode::kBinary, 126), std::string("\x82\x7e\x00\x7e", 4));
  EXPECT_EQ(FrameHeader(Opcode::kBinary, 65536), std::string("\x82\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST(WebSocketFrameTest, CloseFrames) {
  EXPECT_EQ(ClosePayload(1000, ""), std::string("\x03\xe8", 2));
  const std::string cut = ClosePayload(4003, std::string(122, 'a') + "€");
  EXPECT_EQ(cut.size(), 124u) << "cut before the character that does not fit";
  EXPECT_EQ(CodeOfClose(cut), 4003);
  EXPECT_EQ(CodeOfClose(""), kNoStatus);
  EXPECT_EQ(CodeOfClose("x"), kProtocolError);
  for (const int bad : {0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000}) {
    EXPECT_EQ(CodeOfClose(ClosePayload(static_cast<uint16_t>(bad), "")), kProtocolError) << bad;
  }
  for (const int good : {1000, 1001, 1003, 1011, 3000, 4999}) {
    EXPECT_EQ(CodeOfClose(ClosePayload(static_cast<uint16_t>(good), "bye")), good);
  }
  EXPECT_EQ(CodeOfClose(ClosePayload(1000, "\xff")), kInvalidText);
}

}  // namespace
}  // namespace sluice::websocket
