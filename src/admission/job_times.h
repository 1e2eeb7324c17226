// Where a job's time went: when its stages began and ended, on the clock of its worker.
#pragma once

#include "base/clock.h"

namespace sluice {

// Rounds of one stage (an image that is looked at in several sizes) add up.
struct StageTime {
  TimePoint began{};  // of the first round
  TimePoint ended{};  // of the last one
  Duration took{};    // in the rounds; 0 when it was not reached

  void Add(TimePoint from, TimePoint to) {
    if (began == TimePoint{}) began = from;
    ended = to;
    took += to - from;
  }
};

// decode: from the request's bytes to values (an image's pixels, tensors); pre: from these to the model's input, where
// that is another thing; post: from its output to the result.
struct JobTimes {
  StageTime queue, decode, pre, infer, post;
};

}  // namespace sluice
