// Types of tensor elements, as the Open Inference Protocol names them. Engines and protocols share them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

enum class DType : uint8_t {
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

// "FP32", "INT64", "BYTES".
std::string_view NameOf(DType dtype);
std::optional<DType> DTypeNamed(std::string_view name);

// Bytes of one element; 0 for kBytes, whose elements differ in size.
size_t SizeOf(DType dtype);

}  // namespace sluice
