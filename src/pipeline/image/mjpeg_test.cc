#include "pipeline/image/mjpeg.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

std::vector<std::string> Split(std::string_view clip) {
  std::vector<std::string> out;
  MjpegSplitter splitter(clip);
  while (const auto picture = splitter.Next()) out.emplace_back(*picture);
  return out;
}

std::string Bytes(std::initializer_list<int> bytes) { return std::string(bytes.begin(), bytes.end()); }

const std::string kSoi = Bytes({0xff, 0xd8}), kEoi = Bytes({0xff, 0xd9});
// A segment that holds a whole thumbnail, with its own SOI and EOI.
const std::string kExif = Bytes({0xff, 0xe1, 0, 10, 0xff, 0xd8, 0xff, 0xdb, 0xff, 0xd9, 0xff, 0xd8});
// Scan data with stuffed zeros, restarts and fill bytes.
const std::string kScan = Bytes({0xff, 0xda, 0, 3, 7, 1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xff, 0xd7, 5});
const std::string kPicture = kSoi + kExif + kScan + kEoi;
const std::string kProgressive = kSoi + kScan + Bytes({0xff, 0xc4, 0, 2}) + kScan + Bytes({0xff}) + kEoi;

TEST(MjpegTest, FilesOneAfterAnother) {
  EXPECT_EQ(Split(kPicture + kProgressive + kPicture), (std::vector{kPicture, kProgressive, kPicture}));
}

TEST(MjpegTest, WhatIsBetweenFilesIsSkipped) {
  const std::string head = "\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
  EXPECT_EQ(Split(head + kPicture + head + kProgressive + "\r\n--frame--\xff"), (std::vector{kPicture, kProgressive}));
}

TEST(MjpegTest, ABrokenFileEndsWhereTheNextBegins) {
  const std::string cut = kSoi + kScan;                                 // no EOI
  const std::string nonsense = kSoi + Bytes({0xff, 0xe1, 0, 1, 9, 9});  // a length of one
  EXPECT_EQ(Split(cut + kPicture), (std::vector{cut, kPicture}));
  EXPECT_EQ(Split(nonsense + kPicture), (std::vector{nonsense, kPicture}));
  EXPECT_EQ(Split(kPicture + cut), (std::vector{kPicture, cut}));
  for (size_t size = 3; size < kPicture.size(); ++size) {
    EXPECT_FALSE(Split(kPicture.substr(0, size)).empty()) << size;
  }
}

TEST(MjpegTest, NoJpegAtAll) {
  EXPECT_TRUE(Split("").empty());
  EXPECT_TRUE(Split("GIF89a and so on").empty());
  EXPECT_TRUE(Split(Bytes({0xff, 0xd8})).empty());
}

}  // namespace
}  // namespace sluice
