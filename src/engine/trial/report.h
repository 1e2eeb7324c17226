// The child's report as bytes on a pipe: pieces that are merged. Whoever reads it trusts nothing in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ai/inference/trial.pb.h"

namespace sluice::trial {

using ai::inference::trial::Report;

inline constexpr size_t kReportBytesMax = 8 << 20;  // of all pieces
inline constexpr int kRunsMax = 32, kTensorsMax = 256, kOutputsMax = 32, kDimsMax = 32;
inline constexpr size_t kReasonBytesMax = 400;
inline constexpr size_t kSampleBytesMax = 32 << 10;

// A piece: its length, four bytes little-endian, and the message.
std::string Piece(const Report& report);

// The whole pieces at the front of `bytes`, merged; a last one that is cut off is left out. Nothing when one of them is
// no report, or when it says more than a report may (the bounds above; numbers that are none).
std::optional<Report> ParseReport(std::string_view bytes);

}  // namespace sluice::trial
