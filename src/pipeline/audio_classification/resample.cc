#include "pipeline/audio_classification/resample.h"

#include <soxr.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <type_traits>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kPieceSamples = 1 << 14;  // soxr keeps what it was given until it is used up

struct SoxrDelete {
  void operator()(soxr_t resampler) const { soxr_delete(resampler); }
};
using Resampler = std::unique_ptr<std::remove_pointer_t<soxr_t>, SoxrDelete>;

bool InBounds(int32_t hz) { return hz >= kResampleHzMin && hz <= kResampleHzMax; }

absl::Status Failed(soxr_error_t error) {
  return Error(Reason::INTERNAL, StrCat("the audio could not be resampled: ", error));
}

}  // namespace

bool CanResample(int32_t from_hz, int32_t to_hz) { return from_hz == to_hz || (InBounds(from_hz) && InBounds(to_hz)); }

size_t ResampledSize(size_t samples, int32_t from_hz, int32_t to_hz) {
  const auto from = static_cast<uint64_t>(from_hz);
  return (samples * static_cast<uint64_t>(to_hz) + from - 1) / from;
}

absl::Status Resample(std::string_view pcm16, int32_t from_hz, int32_t to_hz, std::span<float> out) {
  static_assert(std::endian::native == std::endian::little);
  const soxr_io_spec_t types = soxr_io_spec(SOXR_INT16_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);  // librosa's default
  const soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
  soxr_error_t error = nullptr;
  const Resampler resampler(soxr_create(from_hz, to_hz, /*num_channels=*/1, &error, &types, &quality, &one_thread));
  if (error != nullptr) return Failed(error);
  while (!out.empty()) {
    const size_t piece = std::min(kPieceSamples, pcm16.size() / 2);
    const bool flushing = piece == 0;
    size_t read = 0;
    size_t written = 0;
    error = soxr_process(resampler.get(), flushing ? nullptr : pcm16.data(), piece, &read, out.data(), out.size(),
                         &written);
    if (error != nullptr) return Failed(error);
    pcm16.remove_prefix(2 * read);
    out = out.subspan(written);
    if (flushing && written == 0) break;
  }
  std::fill(out.begin(), out.end(), 0.0f);  // soxr rounds the length where we round up
  return absl::OkStatus();
}

}  // namespace sluice
