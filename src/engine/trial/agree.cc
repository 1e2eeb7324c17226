#include "engine/trial/agree.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/dtype.h"
#include "base/strings.h"
#include "engine/trial/report.h"

namespace sluice::trial {
namespace {

using ai::inference::trial::Output;
using ai::inference::trial::Run;

// |a - b| <= relative * max(|a|, |b|) + of_largest * (the output's largest value) + least.
struct Tolerance {
  double relative, of_largest, least;
};

Tolerance ToleranceOf(DType dtype) {
  switch (dtype) {
    case DType::kFp16: return {2e-2, 2e-3, 1e-5};
    case DType::kBf16: return {5e-2, 1e-2, 1e-5};
    case DType::kFp32: return {1e-3, 1e-4, 1e-6};     // what numbers about 1 that cancel leave
    case DType::kFp64: return {1e-13, 1e-13, 1e-15};  // computed in 32 bits it would be 1e-7
    default: return {0, 0, 0};
  }
}

bool IsReal(DType dtype) {
  return dtype == DType::kFp16 || dtype == DType::kBf16 || dtype == DType::kFp32 || dtype == DType::kFp64;
}

double HalfAt(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double size = exponent == 31  ? (mantissa != 0 ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(mantissa, -24)
                                      : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

template <typename T>
T Read(const std::string& bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof value);
  return value;
}

double RealAt(const std::string& bytes, DType dtype, size_t i) {
  switch (dtype) {
    case DType::kFp16: return HalfAt(Read<uint16_t>(bytes, i));
    case DType::kBf16: return std::bit_cast<float>(static_cast<uint32_t>(Read<uint16_t>(bytes, i)) << 16);
    case DType::kFp32: return Read<float>(bytes, i);
    default: return Read<double>(bytes, i);
  }
}

bool Close(double a, double b, const Tolerance& tolerance, double largest) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <=
         tolerance.relative * std::max(std::abs(a), std::abs(b)) + tolerance.of_largest * largest + tolerance.least;
}

std::string RealDifference(const std::string& a, const std::string& b, DType dtype) {
  const size_t count = a.size() / SizeOf(dtype);
  const Tolerance tolerance = ToleranceOf(dtype);
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const double value = std::abs(RealAt(a, dtype, i));
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  for (size_t i = 0; i < count; ++i) {
    const double one = RealAt(a, dtype, i), other = RealAt(b, dtype, i);
    if (!Close(one, other, tolerance, largest)) return StrCat(one, " against ", other);
  }
  return {};
}

std::string DifferenceOf(const Output& a, const Output& b) {
  if (a.dtype() != b.dtype()) return "a different type";
  if (!std::equal(a.shape().begin(), a.shape().end(), b.shape().begin(), b.shape().end())) return "a different shape";
  if (a.sample().size() != b.sample().size()) return "a different size";
  const auto dtype = static_cast<DType>(a.dtype());
  if (IsReal(dtype)) return RealDifference(a.sample(), b.sample(), dtype);
  return a.sample() == b.sample() ? "" : "different values";
}

}  // namespace

void SetSample(const TensorView& tensor, Output& out) {
  out.set_dtype(static_cast<int>(tensor.dtype));
  for (const int64_t dim : tensor.shape) out.add_shape(dim);
  const auto* data = static_cast<const char*>(tensor.data);
  const size_t size = SizeOf(tensor.dtype);
  if (tensor.bytes <= kSampleBytesMax || size == 0) {
    out.set_sample(data, std::min(tensor.bytes, kSampleBytesMax));
    return;
  }
  const size_t count = tensor.bytes / size, samples = kSampleBytesMax / size;
  std::string& sample = *out.mutable_sample();
  for (size_t i = 0; i < samples; ++i) sample.append(data + i * count / samples * size, size);
}

std::string DifferenceOf(const Run& a, const Run& b) {
  if (a.ok() != b.ok()) return "an error instead of a result";
  if (!a.ok()) return {};
  if (a.outputs_size() != b.outputs_size()) return "a different number of outputs";
  for (int i = 0; i < a.outputs_size(); ++i) {
    const std::string difference = DifferenceOf(a.outputs(i), b.outputs(i));
    if (!difference.empty()) return StrCat("output ", i + 1, ": ", difference);
  }
  return {};
}

}  // namespace sluice::trial
