#include "base/dtype.h"

#include <array>

namespace sluice {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  size_t size;
};

// In the order of DType.
constexpr std::array<Row, 14> kRows = {{
    {DType::kBool, "BOOL", 1},
    {DType::kUint8, "UINT8", 1},
    {DType::kUint16, "UINT16", 2},
    {DType::kUint32, "UINT32", 4},
    {DType::kUint64, "UINT64", 8},
    {DType::kInt8, "INT8", 1},
    {DType::kInt16, "INT16", 2},
    {DType::kInt32, "INT32", 4},
    {DType::kInt64, "INT64", 8},
    {DType::kFp16, "FP16", 2},
    {DType::kFp32, "FP32", 4},
    {DType::kFp64, "FP64", 8},
    {DType::kBf16, "BF16", 2},
    {DType::kBytes, "BYTES", 0},
}};

}  // namespace

std::string_view NameOf(DType dtype) { return kRows[static_cast<size_t>(dtype)].name; }

size_t SizeOf(DType dtype) { return kRows[static_cast<size_t>(dtype)].size; }

std::optional<DType> DTypeNamed(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace sluice
