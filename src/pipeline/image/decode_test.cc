#include "pipeline/image/decode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "pipeline/image/decode_jpeg.h"
#include "pipeline/image/decode_png.h"
#include "pipeline/image/decode_webp.h"
#include "pipeline/image/probe.h"
#include "pipeline/image/testing/encode.h"

namespace sluice {
namespace {

using testing::EncodeJpeg;
using testing::EncodePng;
using testing::EncodeWebp;
using testing::JpegKind;
using testing::Pattern;

double MeanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  double sum = 0;
  size_t n = a.stride() * a.height;
  for (size_t i = 0; i < n; ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(n);
}

Image Decode(std::string_view file, const DecodeOptions& options = {}) {
  Image image;
  ImageInfo info;
  absl::Status status = DecodeImage(file, options, image, info);
  EXPECT_TRUE(status.ok()) << status;
  return image;
}

absl::Status DecodeStatus(std::string_view file) {
  Image image;
  ImageInfo info;
  return DecodeImage(file, {}, image, info);
}

std::vector<std::string> OneOfEach(const Image& image) {
  return {EncodeJpeg(image),
          EncodeJpeg(image, {.progressive = true}),
          EncodeJpeg(image, {.gray = true}),
          EncodeJpeg(image, {.cmyk = true}),
          EncodePng(image),
          EncodePng(image, {.interlaced = true}),
          EncodeWebp(image, false),
          EncodeWebp(image, true)};
}

TEST(DecodeTest, EveryKindOfJpegGivesThePicture) {
  for (ColorOrder order : {ColorOrder::kRgb, ColorOrder::kBgr}) {
    Image original = Pattern(67, 45, order);
    Image rgb = Pattern(67, 45);
    for (const JpegKind& kind : {JpegKind{}, JpegKind{.progressive = true}, JpegKind{.cmyk = true},
                                 JpegKind{.progressive = true, .cmyk = true}, JpegKind{.chroma_full = true}}) {
      for (bool fine : {false, true}) {
        EXPECT_LT(MeanDifference(Decode(EncodeJpeg(rgb, kind), {.order = order, .fine = fine}), original), 4.0);
      }
    }
  }
}

TEST(DecodeTest, GrayJpegHasThreeEqualChannels) {
  Image image = Decode(EncodeJpeg(Pattern(64, 64), {.gray = true}));
  for (size_t i = 0; i < 64 * 64; ++i) {
    ASSERT_EQ(image.pixels[3 * i], image.pixels[3 * i + 1]);
    ASSERT_EQ(image.pixels[3 * i], image.pixels[3 * i + 2]);
  }
}

TEST(DecodeTest, LosslessFormatsAreExact) {
  for (ColorOrder order : {ColorOrder::kRgb, ColorOrder::kBgr}) {
    Image original = Pattern(67, 45, order);
    Image rgb = Pattern(67, 45);
    EXPECT_EQ(MeanDifference(Decode(EncodePng(rgb), {.order = order}), original), 0);
    EXPECT_EQ(MeanDifference(Decode(EncodePng(rgb, {.interlaced = true}), {.order = order}), original), 0);
    EXPECT_EQ(MeanDifference(Decode(EncodeWebp(rgb, true), {.order = order}), original), 0);
    EXPECT_LT(MeanDifference(Decode(EncodeWebp(rgb, false), {.order = order}), original), 3.0);
  }
}

// Which is decoded piece by piece.
TEST(DecodeTest, ALargeWebpIsAsGoodAsASmallOne) {
  const Image original = Pattern(1500, 1000);
  const std::string lossless = EncodeWebp(original, true), lossy = EncodeWebp(original, false);
  EXPECT_EQ(MeanDifference(Decode(lossless), original), 0);
  EXPECT_LT(MeanDifference(Decode(lossy), original), 4.0);
  const Image half = Decode(lossy, {.target_width = 750, .target_height = 500});
  EXPECT_EQ(half.width, 750);
  EXPECT_LT(MeanDifference(half, Decode(lossless, {.target_width = 750, .target_height = 500})), 4.0);
  for (const size_t part : {2, 10, 50}) {
    EXPECT_EQ(ReasonOf(DecodeStatus(lossy.substr(0, lossy.size() - lossy.size() / part))), Reason::INVALID_IMAGE);
  }
}

TEST(DecodeTest, StopsWhenNobodyWaits) {
  std::stop_source stop;
  stop.request_stop();
  const Image large = Pattern(1500, 1000);
  Image out;
  for (const std::string& file : OneOfEach(large)) {
    ImageInfo info;
    EXPECT_EQ(ReasonOf(DecodeImage(file, {.stop = stop.get_token()}, out, info)), Reason::CANCELLED);
    // Past the look before the start.
    const absl::StatusOr<ImageInfo> probed = ProbeImage(file, {});
    ASSERT_TRUE(probed.ok());
    absl::Status status;
    switch (probed->format) {
      case ImageFormat::kJpeg: status = DecodeJpeg(file, *probed, {.stop = stop.get_token()}, out); break;
      case ImageFormat::kWebp: status = DecodeWebp(file, *probed, {.stop = stop.get_token()}, out); break;
      case ImageFormat::kPng: continue;  // an interlaced one does not look
    }
    EXPECT_EQ(ReasonOf(status), Reason::CANCELLED);
  }
  const std::string png = EncodePng(large);
  EXPECT_EQ(ReasonOf(DecodePng(png, *ProbeImage(png, {}), {.stop = stop.get_token()}, out)), Reason::CANCELLED);
}

TEST(DecodeTest, PngDepthsAndPalette) {
  spng_plte palette = {};
  palette.n_entries = 2;
  palette.entries[0] = {10, 20, 30, 255};
  palette.entries[1] = {200, 100, 50, 255};
  Image indexed =
      Decode(EncodePng(8, 1, {0b01000000}, {.color_type = SPNG_COLOR_TYPE_INDEXED, .bit_depth = 1}, &palette));
  EXPECT_EQ(indexed.pixels[0], 10);
  EXPECT_EQ(indexed.pixels[3], 200);
  EXPECT_EQ(indexed.pixels[5], 50);

  std::vector<uint8_t> deep = {0x34, 0x12, 0x00, 0x80, 0xff, 0xff};  // little-endian host: 0x1234, 0x8000, 0xffff
  Image sixteen = Decode(EncodePng(1, 1, deep, {.bit_depth = 16}));
  EXPECT_NEAR(sixteen.pixels[0], 0x12, 1);
  EXPECT_NEAR(sixteen.pixels[1], 0x80, 1);
  EXPECT_EQ(sixteen.pixels[2], 0xff);

  Image gray = Decode(EncodePng(2, 1, {0, 77}, {.color_type = SPNG_COLOR_TYPE_GRAYSCALE}));
  EXPECT_EQ(gray.pixels[3], 77);
  EXPECT_EQ(gray.pixels[5], 77);
}

TEST(DecodeTest, TransparencyShowsWhite) {
  std::vector<uint8_t> pixels = {200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 128};
  for (bool interlaced : {false, true}) {
    Image image =
        Decode(EncodePng(3, 1, pixels, {.color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, .interlaced = interlaced}));
    EXPECT_EQ(image.pixels[1], 100);
    EXPECT_EQ(image.pixels[4], 255);
    EXPECT_NEAR(image.pixels[7], 177, 1);
  }
  uint8_t* bytes = nullptr;
  size_t size = WebPEncodeLosslessRGBA(pixels.data(), 3, 1, 12, &bytes);
  Image image = Decode({reinterpret_cast<char*>(bytes), size});
  WebPFree(bytes);
  EXPECT_EQ(image.pixels[1], 100);
  EXPECT_EQ(image.pixels[4], 255);
  EXPECT_NEAR(image.pixels[7], 177, 1);
}

TEST(DecodeTest, ShrinksNoFurtherThanTheTargetNeeds) {
  struct Case {
    int target_width, target_height;
    ResizeMode mode;
    int jpeg_width, other_width;
  };
  const Case cases[] = {{100, 100, ResizeMode::kStretch, 451, 301},  // 901/300 over 3 each way: JPEG by 2, others by 3
                        {100, 100, ResizeMode::kLetterbox, 113, 101},  // 9 across: by 8, by 9
                        {901, 300, ResizeMode::kStretch, 901, 901},
                        {2000, 10, ResizeMode::kStretch, 901, 901},
                        {0, 0, ResizeMode::kStretch, 901, 901}};
  Image original = Pattern(901, 300);
  for (const Case& c : cases) {
    DecodeOptions options = {.target_width = c.target_width, .target_height = c.target_height, .mode = c.mode};
    EXPECT_EQ(Decode(EncodeJpeg(original), options).width, c.jpeg_width);
    EXPECT_EQ(Decode(EncodePng(original), options).width, c.other_width);
    EXPECT_EQ(Decode(EncodeWebp(original, false), options).width, c.other_width);
  }
}

TEST(DecodeTest, ShrunkPicturesAreTheAverage) {
  Image original = Pattern(640, 480);
  DecodeOptions options = {.target_width = 160, .target_height = 120};
  Image png = Decode(EncodePng(original), options);
  EXPECT_LT(MeanDifference(png, Pattern(160, 120)), 3.0);
  EXPECT_LT(MeanDifference(Decode(EncodeJpeg(original), options), png), 3.0);
  EXPECT_LT(MeanDifference(Decode(EncodeWebp(original, false), options), png), 3.0);
}

TEST(DecodeTest, CutAtEverySixteenthIsRefused) {
  for (const std::string& file : OneOfEach(Pattern(160, 120))) {
    for (size_t i = 0; i < 16; ++i) {
      absl::Status status = DecodeStatus(file.substr(0, file.size() * i / 16));
      EXPECT_EQ(ReasonOf(status), Reason::INVALID_IMAGE) << i << "/16 of " << file.size() << ": " << status;
    }
  }
}

TEST(DecodeTest, TheEndOfTheFileIsNeeded) {
  for (const std::string& file : OneOfEach(Pattern(160, 120))) {
    bool png = file.find("IHDR") != std::string::npos;  // ends with 12 bytes that say nothing
    EXPECT_FALSE(DecodeStatus(file.substr(0, file.size() - (png ? 14 : 2))).ok()) << file.size();
    EXPECT_TRUE(DecodeStatus(file + std::string(4096, '\x5a')).ok()) << file.size();
  }
}

TEST(DecodeTest, BitFlipsAreAnsweredOneWayOrTheOther) {
  std::mt19937 random(7);
  std::vector<std::string> files = OneOfEach(Pattern(96, 64));
  for (int round = 0; round < 400; ++round) {
    std::string file = files[round % files.size()];
    for (int flip = 0; flip < 3; ++flip) file[random() % file.size()] ^= static_cast<char>(1 << random() % 8);
    absl::Status status = DecodeStatus(file);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument)
        << "seed 7, round " << round << status;
  }
}

TEST(DecodeTest, PngChecksumsCount) {
  std::string file = EncodePng(Pattern(32, 32));
  size_t data = file.find("IDAT");
  ASSERT_NE(data, std::string::npos);
  file[file.size() - 13] ^= 1;  // last byte of IDAT's checksum, before the 12 bytes of IEND
  EXPECT_EQ(ReasonOf(DecodeStatus(file)), Reason::INVALID_IMAGE);
}

TEST(DecodeTest, HugeSizesAreRefusedBeforeAllocation) {
  std::string jpeg = EncodeJpeg(Pattern(32, 32));
  size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x40\x00\x3f\xff", 4);  // 16384 high, 16383 wide
  Image image;
  ImageInfo info;
  absl::Status status = DecodeImage(jpeg, {}, image, info);
  EXPECT_EQ(ReasonOf(status), Reason::IMAGE_TOO_LARGE) << status;
  EXPECT_EQ(image.pixels.capacity(), 0u);
}

TEST(DecodeTest, ScansOfAProgressiveJpegAreBounded) {
  std::string file = EncodeJpeg(Pattern(32, 32), {.progressive = true});
  size_t last = file.rfind("\xff\xda");
  std::string scan = file.substr(last, file.size() - 2 - last);
  // A refinement of one coefficient, repeated: libjpeg only warns of it, and walks the image each time.
  std::string bomb = file.substr(0, file.size() - 2);
  for (int i = 0; i < 2000; ++i) bomb += scan;
  EXPECT_EQ(ReasonOf(DecodeStatus(bomb + "\xff\xd9")), Reason::INVALID_IMAGE);
}

TEST(DecodeTest, BufferIsReusedAndAHugeOneIsGivenBack) {
  Image image;
  ImageInfo info;
  std::string large = EncodeJpeg(Pattern(640, 480));
  std::string small = EncodeJpeg(Pattern(64, 48));
  ASSERT_TRUE(DecodeImage(large, {}, image, info).ok());
  const uint8_t* buffer = image.pixels.data();
  ASSERT_TRUE(DecodeImage(small, {}, image, info).ok());
  ASSERT_TRUE(DecodeImage(large, {}, image, info).ok());
  EXPECT_EQ(image.pixels.data(), buffer);
  image.Allocate(6000, 6000, ColorOrder::kRgb);
  image.Allocate(64, 48, ColorOrder::kRgb);
  EXPECT_LT(image.pixels.capacity(), 100'000u);
}

}  // namespace
}  // namespace sluice
