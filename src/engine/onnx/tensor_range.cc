#include "engine/onnx/tensor_range.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/onnx/wire.h"

namespace sluice::onnx {
namespace {

struct Range {
  int64_t least = INT64_MAX, greatest = INT64_MIN;
  void Add(int64_t value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
};

template <typename T>
bool AddRaw(std::string_view raw, Range& range) {
  if (raw.size() % sizeof(T) != 0) return false;
  for (size_t i = 0; i < raw.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + i, sizeof value);
    range.Add(static_cast<int64_t>(value));
  }
  return true;
}

bool AddRaw(int32_t type, std::string_view raw, Range& range) {
  switch (type) {
    case kBool:
    case kUint8: return AddRaw<uint8_t>(raw, range);
    case kInt8: return AddRaw<int8_t>(raw, range);
    case kUint16: return AddRaw<uint16_t>(raw, range);
    case kInt16: return AddRaw<int16_t>(raw, range);
    case kInt32: return AddRaw<int32_t>(raw, range);
    case kUint32: return AddRaw<uint32_t>(raw, range);
    case kInt64: return AddRaw<int64_t>(raw, range);
    default: return false;
  }
}

bool AddVarints(const WireReader& field, Range& range) {
  if (!field.is_bytes) return range.Add(static_cast<int64_t>(field.value)), true;
  std::string_view packed = field.bytes;
  uint64_t value = 0;
  while (!packed.empty()) {
    if (!WireReader::TakeVarint(packed, value)) return false;
    range.Add(static_cast<int64_t>(value));
  }
  return true;
}

bool IsWhole(int32_t type) { return type == kBool || (type >= kUint8 && type <= kInt64) || type == kUint32; }

}  // namespace

// TensorProto: int32_data = 5, int64_data = 7, raw_data = 9, uint64_data = 11 (uint32).
bool RangeOf(const Tensor& tensor, int64_t& least, int64_t& greatest) {
  if (!IsWhole(tensor.type)) return false;
  Range range;
  WireReader field(tensor.message);
  while (field.Next()) {
    const bool varints = field.number == 5 || field.number == 7 || field.number == 11;
    if (varints && !AddVarints(field, range)) return false;
    if (field.number == 9 && field.is_bytes && !AddRaw(tensor.type, field.bytes, range)) return false;
  }
  least = range.least;
  greatest = range.greatest;
  return field.ok() && least <= greatest;
}

}  // namespace sluice::onnx
