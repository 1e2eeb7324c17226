#include "pipeline/image/probe.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "pipeline/image/testing/encode.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;
using testing::EncodeJpeg;
using testing::EncodePng;
using testing::EncodeWebp;
using testing::ExifBlock;
using testing::Pattern;

std::string ErrorOf(std::string_view file) {
  auto info = ProbeImage(file);
  if (info.ok()) return "OK";
  EXPECT_EQ(info.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(info.status().message());
}

TEST(ProbeTest, ReadsFormatAndSize) {
  Image image = Pattern(40, 30);
  const std::pair<std::string, ImageFormat> cases[] = {{EncodeJpeg(image), ImageFormat::kJpeg},
                                                       {EncodeJpeg(image, {.progressive = true}), ImageFormat::kJpeg},
                                                       {EncodePng(image), ImageFormat::kPng},
                                                       {EncodeWebp(image, false), ImageFormat::kWebp},
                                                       {EncodeWebp(image, true), ImageFormat::kWebp}};
  for (const auto& [file, format] : cases) {
    auto info = ProbeImage(file);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->format, format);
    EXPECT_EQ(info->width, 40);
    EXPECT_EQ(info->height, 30);
    EXPECT_EQ(info->orientation, 1);
  }
}

TEST(ProbeTest, OrientationTurnsTheSizeUpright) {
  Image image = Pattern(40, 30);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    std::string tiff = ExifBlock(orientation, orientation % 2 == 0).substr(6);
    for (const std::string& file : {EncodeJpeg(image, {.exif = ExifBlock(orientation, orientation % 2 == 1)}),
                                    EncodePng(image, {.exif = tiff})}) {
      auto info = ProbeImage(file);
      ASSERT_TRUE(info.ok()) << info.status();
      EXPECT_EQ(info->orientation, orientation);
      EXPECT_EQ(info->width, orientation >= 5 ? 30 : 40);
      EXPECT_EQ(info->stored_width(), 40);
    }
  }
}

TEST(ProbeTest, BrokenExifIsNoReasonToRefuse) {
  Image image = Pattern(40, 30);
  std::string block = ExifBlock(6, true);
  for (size_t size = 0; size < block.size(); ++size) {
    auto info = ProbeImage(EncodeJpeg(image, {.exif = block.substr(0, size)}));
    ASSERT_TRUE(info.ok()) << info.status();
  }
  EXPECT_EQ(ProbeImage(EncodeJpeg(image, {.exif = ExifBlock(9, false)}))->orientation, 1);
}

TEST(ProbeTest, NamesWhatWasSentInstead) {
  EXPECT_EQ(ErrorOf(""), "the image is empty; send the bytes of a JPEG, PNG or WebP file");
  EXPECT_EQ(ErrorOf("GIF89a..."), "GIF is not supported; send JPEG, PNG or WebP");
  EXPECT_EQ(ErrorOf("II*\0...."sv), "TIFF is not supported; send JPEG, PNG or WebP");
  EXPECT_EQ(ErrorOf("BM......"), "BMP is not supported; send JPEG, PNG or WebP");
  EXPECT_EQ(ErrorOf("\0\0\0\x18"
                    "ftypheic...."sv),
            "HEIC is not supported; send JPEG, PNG or WebP");
  EXPECT_EQ(ErrorOf("<?xml version=\"1.0\"?>\n<svg/>"), "SVG is not supported; send JPEG, PNG or WebP");
  EXPECT_EQ(ErrorOf("hello"), "the image is text; send the bytes of a JPEG, PNG or WebP file");
  EXPECT_EQ(ErrorOf("/9j/4AAQSkZJRg"), "the image is base64 text; decode it before sending");
  EXPECT_EQ(ErrorOf("\x01\x02\x03\x04"), "the image is not a JPEG, PNG or WebP file");
  EXPECT_EQ(ErrorOf("RIFF\x04\0\0\0WAVE"sv), "the RIFF file contains no WebP image; send JPEG, PNG or WebP");
}

TEST(ProbeTest, RefusesByLimitsFromTheHeader) {
  std::string file = EncodeJpeg(Pattern(40, 30));
  EXPECT_TRUE(ProbeImage(file, {.pixels_max = 1200, .side_max = 40}).ok());
  for (const ImageLimits& limits : {ImageLimits{.pixels_max = 1199}, ImageLimits{.side_max = 39}}) {
    absl::Status status = ProbeImage(file, limits).status();
    EXPECT_EQ(ReasonOf(status), Reason::IMAGE_TOO_LARGE) << status;
  }
  EXPECT_EQ(ReasonOf(CheckImageSize(0, 10, {})), Reason::INVALID_IMAGE);
  EXPECT_EQ(ReasonOf(CheckImageSize(0xffffffff, 0xffffffff, {})), Reason::IMAGE_TOO_LARGE);
}

TEST(ProbeTest, CutHeadersAreRefused) {
  Image image = Pattern(40, 30);
  for (const std::string& file : {EncodePng(image), EncodeWebp(image, false), EncodeWebp(image, true)}) {
    for (size_t size = 0; size < 25; ++size) EXPECT_FALSE(ProbeImage(file.substr(0, size)).ok()) << size;
  }
  std::string jpeg = EncodeJpeg(image);
  for (size_t size = 0; size < 100; ++size) EXPECT_FALSE(ProbeImage(jpeg.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace sluice
