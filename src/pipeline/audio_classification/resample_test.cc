#include "pipeline/audio_classification/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

namespace sluice {
namespace {

double Wave(double tone_hz, double second) { return 0.5 * std::sin(2 * std::numbers::pi * tone_hz * second); }

std::string Tone(double tone_hz, int32_t rate_hz, size_t samples) {
  std::string pcm16(2 * samples, '\0');
  for (size_t i = 0; i < samples; ++i) {
    const auto sample = static_cast<int16_t>(std::lround(32768 * Wave(tone_hz, static_cast<double>(i) / rate_hz)));
    std::memcpy(pcm16.data() + 2 * i, &sample, 2);
  }
  return pcm16;
}

std::vector<float> Resampled(const std::string& pcm16, int32_t from_hz, int32_t to_hz) {
  std::vector<float> out(ResampledSize(pcm16.size() / 2, from_hz, to_hz), NAN);
  EXPECT_TRUE(Resample(pcm16, from_hz, to_hz, out).ok());
  return out;
}

// The largest distance of `out` from the tone, away from both ends, where the filter sees the silence around the sound.
double Distance(const std::vector<float>& out, double tone_hz, int32_t rate_hz) {
  double worst = 0;
  for (size_t i = out.size() / 10; i < out.size() * 9 / 10; ++i) {
    worst = std::max(worst, std::abs(out[i] - Wave(tone_hz, static_cast<double>(i) / rate_hz)));
  }
  return worst;
}

double Loudest(const std::vector<float>& out) {
  double loudest = 0;
  for (size_t i = out.size() / 10; i < out.size() * 9 / 10; ++i) loudest = std::max(loudest, std::abs(double{out[i]}));
  return loudest;
}

TEST(ResampleTest, AToneStaysWhatItIs) {
  // Two seconds are several pieces: a break between them would show.
  for (const auto& [from, to] : {std::pair(44'100, 16'000),
                                 {48'000, 16'000},
                                 {8'000, 16'000},
                                 {16'000, 22'050},
                                 {192'000, 8'000},
                                 {8'000, 192'000}}) {
    const auto out = Resampled(Tone(440, from, 2 * static_cast<size_t>(from)), from, to);
    ASSERT_EQ(out.size(), 2 * static_cast<size_t>(to));
    EXPECT_LT(Distance(out, 440, to), 1e-4) << from << " -> " << to;
    EXPECT_GT(Distance(out, 441, to), 0.1) << "the test would not see a tone that is off";
  }
}

TEST(ResampleTest, WhatTheNewRateCannotCarryIsGone) {
  for (const double tone : {8'200.0, 9'000.0, 12'000.0, 15'560.0, 20'000.0}) {  // 15,560 would come back as 440
    EXPECT_LT(Loudest(Resampled(Tone(tone, 44'100, 88'200), 44'100, 16'000)), 1e-4) << tone;
  }
  EXPECT_LT(Distance(Resampled(Tone(7'000, 44'100, 88'200), 44'100, 16'000), 7'000, 16'000), 1e-3);
}

TEST(ResampleTest, TheDurationStays) {
  EXPECT_EQ(ResampledSize(44'100, 44'100, 16'000), 16'000u);
  EXPECT_EQ(ResampledSize(441'001, 44'100, 16'000), 160'001u);
  EXPECT_EQ(ResampledSize(1, 192'000, 8'000), 1u);
  EXPECT_EQ(ResampledSize(3, 8'000, 192'000), 72u);
  EXPECT_EQ(ResampledSize(size_t{1} << 40, 192'000, 192'000), size_t{1} << 40);
  EXPECT_EQ(ResampledSize(0, 8'000, 16'000), 0u);
}

TEST(ResampleTest, EveryValueIsWritten) {
  for (const size_t samples : {1, 2, 3, 100, 16'383, 16'384, 16'385, 50'001}) {
    for (const auto& [from, to] : {std::pair(44'100, 16'000), {8'000, 192'000}, {192'000, 8'000}, {11'025, 8'000}}) {
      for (const float value : Resampled(Tone(200, from, samples), from, to)) {
        ASSERT_TRUE(std::isfinite(value) && std::abs(value) < 0.7f) << samples << " at " << from << " -> " << to;
      }
    }
  }
}

TEST(ResampleTest, FullScaleIsOne) {
  const std::string low(2 * 8'000, '\x80');  // 0x8080 = -32640
  EXPECT_NEAR(Resampled(low, 8'000, 16'000)[8'000], -32640.0 / 32768, 1e-4);
}

TEST(ResampleTest, RatesAreBounded) {
  EXPECT_TRUE(CanResample(8'000, 192'000));
  EXPECT_TRUE(CanResample(4'000, 4'000));
  for (const auto& [from, to] :
       {std::pair(7'999, 16'000), {16'000, 7'999}, {192'001, 16'000}, {0, 16'000}, {-1, 16'000}}) {
    EXPECT_FALSE(CanResample(from, to)) << from << " -> " << to;
  }
}

}  // namespace
}  // namespace sluice
