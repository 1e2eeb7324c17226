// A channel of audio as a request carries it, and as a model's input needs it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/tensor.h"
#include "google/protobuf/repeated_field.h"

namespace sluice {

// Features or samples, not both.
struct AudioInput {
  google::protobuf::RepeatedField<float> features;
  std::string pcm16;           // 16 bit signed little-endian
  int32_t sample_rate_hz = 0;  // of pcm16, or of the audio that the features describe
};

struct SoundFormat {
  Shape shape;  // of the model's input; passed CheckSoundInput
  int32_t sample_rate_hz = 16000;
  float seconds_max = 60;
};

// Can audio be fitted into a model's input of this shape? The first of several is the batch, open or 1; at most
// one of the others is open, none is 0. Errors: MODEL_UNAVAILABLE.
absl::Status CheckSoundInput(const Shape& shape);

// Checks `input` and says the shape of the tensor it makes, samples counted at the model's rate: one item, every fixed
// dimension as it is, the open one filled. Errors: INVALID_REQUEST, naming the field and what the model takes.
absl::StatusOr<Shape> ShapeOfSound(const AudioInput& input, const SoundFormat& format);

// Writes the values: features as they are, samples as x / 32768 at the model's rate. `out` has as many elements as
// ShapeOfSound says. Errors: INTERNAL when there is no memory to resample.
absl::Status WriteSound(const AudioInput& input, const SoundFormat& format, std::span<float> out);

}  // namespace sluice
