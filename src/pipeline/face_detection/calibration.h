// One meaning of "confidence" for models whose scores mean different things.
#pragma once

namespace sluice {

// A model's raw score s becomes sigmoid(logit(s) - logit(t)), where t is the raw score at which the model is best used.
// Without logarithms:
//
//   confidence = s (1 - t) / (s (1 - t) + (1 - s) t)
//
// So t becomes 0.5, 0 and 1 stay, the order of boxes stays, and t = 0.5 changes nothing. Raw() is the inverse: a
// decoder is given Raw(min_confidence) and never builds the boxes below it. A value.
class Calibration {
 public:
  // `threshold` is brought into [0.001, 0.999].
  explicit Calibration(float threshold);

  float threshold() const { return threshold_; }
  // Both take 0..1 (anything else is clamped, NaN counts as 0) and give 0..1.
  float Confidence(float raw) const;
  float Raw(float confidence) const;

 private:
  float threshold_;
};

}  // namespace sluice
