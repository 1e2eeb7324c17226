// Datatypes of the Open Inference Protocol, by name. transport/ knows nothing of engines, so it has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::oip {

enum class Datatype : uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kFp32,
  kFp64,
  kBf16,
  kBytes,
};

std::optional<Datatype> DatatypeNamed(std::string_view name);

// Of one element; 0 for kBytes: four bytes of length and then its bytes.
size_t SizeOf(Datatype type);

// The nearest 16-bit number (ties to even), infinity beyond the range; and back, exactly.
uint16_t HalfFromFloat(float value);
float FloatFromHalf(uint16_t half);
uint16_t Bf16FromFloat(float value);
float FloatFromBf16(uint16_t bf16);

}  // namespace sluice::oip
