#include "pipeline/face_detection/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice {
namespace {

TEST(CalibrationTest, TheThresholdBecomesOneHalfAndTheEndsStay) {
  for (float threshold : {0.01f, 0.3f, 0.35f, 0.5f, 0.9f}) {
    Calibration calibration(threshold);
    EXPECT_NEAR(calibration.Confidence(threshold), 0.5f, 1e-6);
    EXPECT_NEAR(calibration.Raw(0.5f), threshold, 1e-6);
    EXPECT_EQ(calibration.Confidence(0), 0);
    EXPECT_EQ(calibration.Confidence(1), 1);
    EXPECT_EQ(calibration.Raw(0), 0);
    EXPECT_EQ(calibration.Raw(1), 1);
  }
}

TEST(CalibrationTest, IsTheShiftOfLogits) {
  auto logit = [](double p) { return std::log(p / (1 - p)); };
  Calibration calibration(0.3f);
  for (double s : {0.05, 0.2, 0.6, 0.95}) {
    double wanted = 1 / (1 + std::exp(-(logit(s) - logit(0.3))));
    EXPECT_NEAR(calibration.Confidence(static_cast<float>(s)), wanted, 1e-6);
  }
}

TEST(CalibrationTest, RoundTripAndRising) {
  for (float threshold : {0.05f, 0.3f, 0.8f}) {
    Calibration calibration(threshold);
    float before = -1;
    for (int i = 0; i <= 1000; ++i) {
      float s = static_cast<float>(i) / 1000;
      float confidence = calibration.Confidence(s);
      EXPECT_GT(confidence, before);
      EXPECT_NEAR(calibration.Raw(confidence), s, 1e-5);
      before = confidence;
    }
  }
}

TEST(CalibrationTest, OneHalfChangesNothingAndOddValuesAreBounded) {
  EXPECT_FLOAT_EQ(Calibration(0.5f).Confidence(0.123f), 0.123f);
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Calibration(0.3f).Confidence(nan), 0);
  EXPECT_EQ(Calibration(0.3f).Confidence(7), 1);
  EXPECT_FLOAT_EQ(Calibration(nan).threshold(), 0.001f);
  EXPECT_FLOAT_EQ(Calibration(2).threshold(), 0.999f);
}

}  // namespace
}  // namespace sluice
