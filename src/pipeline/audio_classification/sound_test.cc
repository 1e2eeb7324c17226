#include "pipeline/audio_classification/sound.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace sluice {
namespace {

const SoundFormat kWaveform = {.shape = {-1, -1}, .sample_rate_hz = 16000, .seconds_max = 10};
const SoundFormat kFrames = {.shape = {1, -1, 40}, .sample_rate_hz = 16000, .seconds_max = 10};

AudioInput Samples(std::string bytes, int32_t rate) {
  return {.features = {}, .pcm16 = std::move(bytes), .sample_rate_hz = rate};
}

AudioInput Features(int count) {
  AudioInput input;
  input.features.Resize(count, 0.5f);
  return input;
}

TEST(SoundTest, TenSecondsOfSamplesBecomeOneRow) {
  const auto shape = ShapeOfSound(Samples(std::string(320'000, '\0'), 16000), kWaveform);
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(*shape, (Shape{1, 160'000}));
}

TEST(SoundTest, SamplesAreScaledToOne) {
  const AudioInput input = Samples(std::string("\x00\x80\xff\x7f\x00\x00\x00\x40", 8), 16000);
  std::vector<float> out(4);
  ASSERT_TRUE(WriteSound(input, kWaveform, out).ok());
  EXPECT_EQ(out, (std::vector<float>{-1, 32767.0f / 32768, 0, 0.5f}));
}

TEST(SoundTest, SamplesOfAnotherRateAreCountedAndWrittenAtTheModels) {
  std::string pcm16;  // ten seconds at 44.1 kHz of one value
  for (int i = 0; i < 441'000; ++i) pcm16 += std::string("\x00\x20", 2);
  const AudioInput input = Samples(std::move(pcm16), 44100);
  const auto shape = ShapeOfSound(input, kWaveform);
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ(*shape, (Shape{1, 160'000}));
  std::vector<float> out(160'000);
  ASSERT_TRUE(WriteSound(input, kWaveform, out).ok());
  EXPECT_NEAR(out[80'000], 0.25f, 1e-4);
}

TEST(SoundTest, TheLengthIsBoundedAtTheModelsRate) {
  EXPECT_TRUE(ShapeOfSound(Samples(std::string(160'000, '\0'), 8000), kWaveform).ok());
  const auto longer = ShapeOfSound(Samples(std::string(160'002, '\0'), 8000), kWaveform);
  EXPECT_EQ(longer.status().message(), "160002 values exceed the model's limit of 160000; send shorter audio");
}

TEST(SoundTest, FeaturesFillTheOpenDimension) {
  EXPECT_EQ(*ShapeOfSound(Features(400), kFrames), (Shape{1, 10, 40}));
  EXPECT_EQ(ShapeOfSound(Features(401), kFrames).status().message(),
            "the model expects a multiple of 40 values, not 401");
  EXPECT_EQ(*ShapeOfSound(Features(7), {.shape = {1, 7}}), (Shape{1, 7}));
  EXPECT_FALSE(ShapeOfSound(Features(8), {.shape = {1, 7}}).ok());
  EXPECT_EQ(*ShapeOfSound(Features(7), {.shape = {-1}}), (Shape{7}));
}

TEST(SoundTest, AnInputThatNoSoundFitsIsRefused) {
  for (const Shape& shape : {Shape{-1}, Shape{7}, Shape{-1, -1}, Shape{1, -1, 40}, Shape{-1, 7}}) {
    EXPECT_TRUE(CheckSoundInput(shape).ok()) << CheckSoundInput(shape);
  }
  const int64_t huge = std::numeric_limits<int64_t>::max();
  const std::vector<std::pair<Shape, std::string>> cases = {
      {{}, "the model's input [] has no dimension for audio"},
      {{0}, "the model's input [0] has a dimension of size 0, which no audio fits"},
      {{0, -1}, "the model's input [0,-1] has a dimension of size 0, which no audio fits"},
      {{1, 0, -1}, "the model's input [1,0,-1] has a dimension of size 0, which no audio fits"},
      {{1, -1, 0}, "the model's input [1,-1,0] has a dimension of size 0, which no audio fits"},
      {{2, 7}, "the model's input [2,7] takes 2 items at once; its first dimension must be open or 1"},
      {{80, -1},
       "the model's input [80,-1] takes 80 items at once; its first dimension must be open or 1"},
      {{1, -1, -1}, "the model's input [1,-1,-1] has more than one open dimension besides the batch"},
      {{1, huge, 2}, "the model's input [1,9223372036854775807,2] is larger than any memory"},
  };
  for (const auto& [shape, words] : cases) EXPECT_EQ(CheckSoundInput(shape).message(), words);
}

TEST(SoundTest, WrongSoundSaysWhatTheModelTakes) {
  AudioInput both = Features(4);
  both.pcm16 = "ab";
  AudioInput endless = Features(40);
  endless.features.Set(3, std::numeric_limits<float>::infinity());
  AudioInput frames = Features(40);
  frames.sample_rate_hz = 44100;
  const std::vector<std::pair<AudioInput, std::string>> cases = {
      {AudioInput(), "send either samples"},
      {both, "send either samples"},
      {Samples("abc", 16000), "not a whole number"},
      {Samples("abcd", 7999), "the model expects 16000 Hz, not 7999; pcm16 is resampled between 8000 and 192000 Hz"},
      {Samples("abcd", 192'001), "the model expects 16000 Hz, not 192001"},
      {Samples("abcd", 0), "the model expects 16000 Hz, not 0"},
      {Samples("abcd", -44100), "the model expects 16000 Hz, not -44100"},
      {frames, "only samples in pcm16 are resampled"},
      {Features(160'001), "send shorter audio"},
      {endless, "features[3] is not a finite number"},
  };
  for (const auto& [input, words] : cases) {
    const auto shape = ShapeOfSound(input, kWaveform);
    EXPECT_NE(shape.status().message().find(words), std::string::npos) << shape.status();
  }
}

}  // namespace
}  // namespace sluice
