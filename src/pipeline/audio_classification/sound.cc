#include "pipeline/audio_classification/sound.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/strings.h"
#include "engine/shape.h"
#include "pipeline/audio_classification/resample.h"

namespace sluice {
namespace {

absl::Status Wrong(std::string_view field, std::string_view what) {
  return FieldError(Reason::INVALID_REQUEST, StrCat("audio.", field), what);
}

absl::Status CheckRate(const AudioInput& input, const SoundFormat& format) {
  if (input.sample_rate_hz == format.sample_rate_hz) return absl::OkStatus();
  if (input.pcm16.empty()) {
    if (input.sample_rate_hz == 0) return absl::OkStatus();
    return Wrong("sample_rate_hz", StrCat("the model expects audio features at ", format.sample_rate_hz, " Hz, not ",
                                          input.sample_rate_hz, "; only samples in pcm16 are resampled"));
  }
  if (input.sample_rate_hz > 0 && CanResample(input.sample_rate_hz, format.sample_rate_hz)) return absl::OkStatus();
  return Wrong("sample_rate_hz",
               StrCat("the model expects ", format.sample_rate_hz, " Hz, not ", input.sample_rate_hz,
                      "; pcm16 is resampled between ", kResampleHzMin, " and ", kResampleHzMax, " Hz"));
}

// Values that `input` becomes. Its rate is checked.
size_t ValuesOf(const AudioInput& input, const SoundFormat& format) {
  if (input.pcm16.empty()) return static_cast<size_t>(input.features.size());
  return ResampledSize(input.pcm16.size() / 2, input.sample_rate_hz, format.sample_rate_hz);
}

absl::Status CheckLength(const AudioInput& input, size_t values, const SoundFormat& format) {
  const auto limit = static_cast<size_t>(format.seconds_max * static_cast<float>(format.sample_rate_hz));
  if (values <= limit) return absl::OkStatus();
  return Wrong(input.pcm16.empty() ? "features" : "pcm16",
               StrCat(values, " values exceed the model's limit of ", limit, "; send shorter audio"));
}

absl::Status CheckValues(const AudioInput& input) {
  const auto bad =
      std::find_if(input.features.begin(), input.features.end(), [](float v) { return !std::isfinite(v); });
  if (bad == input.features.end()) return absl::OkStatus();
  return Wrong("features", StrCat("features[", bad - input.features.begin(), "] is not a finite number"));
}

// The shape that holds `values` in all, if there is one.
absl::StatusOr<Shape> Fit(size_t values, const SoundFormat& format, std::string_view field) {
  Shape shape = format.shape;
  int64_t fixed = 1;
  int64_t* open = nullptr;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i == 0 && shape.size() > 1) shape[i] = 1;  // one item
    if (shape[i] < 0) {
      open = &shape[i];
    } else {
      fixed *= shape[i];
    }
  }
  const auto count = static_cast<int64_t>(values);
  if (open == nullptr) {
    if (count == fixed) return shape;
    return Wrong(field, StrCat("the model expects exactly ", fixed, " values, not ", count));
  }
  *open = count / fixed;
  if (*open > 0 && count % fixed == 0) return shape;
  return Wrong(field, StrCat("the model expects a multiple of ", fixed, " values, not ", count));
}

absl::Status Unusable(const Shape& shape, std::string_view why) {
  return Error(Reason::MODEL_UNAVAILABLE, StrCat("the model's input ", ToString(shape), " ", why));
}

}  // namespace

absl::Status CheckSoundInput(const Shape& shape) {
  if (shape.empty()) return Unusable(shape, "has no dimension for audio");
  int open = 0;
  int64_t fixed = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return Unusable(shape, "has a dimension of size 0, which no audio fits");
    if (shape[i] < 0) {
      open += i > 0 || shape.size() == 1 ? 1 : 0;
    } else if (__builtin_mul_overflow(fixed, shape[i], &fixed)) {
      return Unusable(shape, "is larger than any memory");
    }
  }
  if (open > 1) return Unusable(shape, "has more than one open dimension besides the batch");
  if (shape.size() > 1 && shape[0] > 1) {
    return Unusable(shape,
                    StrCat("takes ", shape[0], " items at once; its first dimension must be open or 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> ShapeOfSound(const AudioInput& input, const SoundFormat& format) {
  const bool samples = !input.pcm16.empty();
  if (samples == !input.features.empty()) {
    return Wrong(samples ? "pcm16" : "features", "send either samples in pcm16 or features in features");
  }
  if (input.pcm16.size() % 2 != 0) {
    return Wrong("pcm16", StrCat(input.pcm16.size(), " bytes are not a whole number of 16-bit samples"));
  }
  RETURN_IF_ERROR(CheckRate(input, format));
  const size_t values = ValuesOf(input, format);
  RETURN_IF_ERROR(CheckLength(input, values, format));
  RETURN_IF_ERROR(CheckValues(input));
  return Fit(values, format, samples ? "pcm16" : "features");
}

absl::Status WriteSound(const AudioInput& input, const SoundFormat& format, std::span<float> out) {
  static_assert(std::endian::native == std::endian::little);
  if (input.pcm16.empty()) {
    std::copy(input.features.begin(), input.features.end(), out.begin());
    return absl::OkStatus();
  }
  if (input.sample_rate_hz != format.sample_rate_hz) {
    return Resample(input.pcm16, input.sample_rate_hz, format.sample_rate_hz, out);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    int16_t sample = 0;
    std::memcpy(&sample, input.pcm16.data() + 2 * i, sizeof(sample));
    out[i] = static_cast<float>(sample) / 32768.0f;
  }
  return absl::OkStatus();
}

}  // namespace sluice
