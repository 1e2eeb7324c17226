#include "engine/onnx/interval.h"

#include <algorithm>
#include <initializer_list>

namespace sluice::onnx {
namespace {

// In 128 bits nothing of this overflows.
__extension__ using Wide = __int128;

Interval Around(std::initializer_list<Wide> corners) {
  const Wide least = std::min(corners), greatest = std::max(corners);
  if (least < INT64_MIN || greatest > INT64_MAX) return kEverything;
  return {static_cast<int64_t>(least), static_cast<int64_t>(greatest)};
}

}  // namespace

Interval AllOf(int32_t type) {
  switch (type) {
    case kBool: return {0, 1};
    case kUint8: return {0, UINT8_MAX};
    case kInt8: return {INT8_MIN, INT8_MAX};
    case kUint16: return {0, UINT16_MAX};
    case kInt16: return {INT16_MIN, INT16_MAX};
    case kUint32: return {0, UINT32_MAX};
    case kInt32: return {INT32_MIN, INT32_MAX};
    default: return kEverything;
  }
}

Interval Union(Interval a, Interval b) { return {std::min(a.least, b.least), std::max(a.greatest, b.greatest)}; }

Interval Add(Interval a, Interval b) { return Around({Wide{a.least} + b.least, Wide{a.greatest} + b.greatest}); }

Interval Subtract(Interval a, Interval b) { return Around({Wide{a.least} - b.greatest, Wide{a.greatest} - b.least}); }

Interval Multiply(Interval a, Interval b) {
  return Around(
      {Wide{a.least} * b.least, Wide{a.least} * b.greatest, Wide{a.greatest} * b.least, Wide{a.greatest} * b.greatest});
}

Interval Divide(Interval a, Interval b) {
  if (a.least >= 0 && b.least >= 0) return {0, a.greatest};
  return Around({Wide{a.least}, -Wide{a.least}, Wide{a.greatest}, -Wide{a.greatest}});
}

Interval Modulo(Interval a, Interval b) {
  (void)a;
  return {std::min<int64_t>(b.least, 0), std::max<int64_t>(b.greatest, 0)};
}

Interval Absolute(Interval a) {
  if (a.least >= 0) return a;
  return Around({0, -Wide{a.least}, std::max<Wide>(a.greatest, 0)});
}

Interval Least(Interval a, Interval b) { return {std::min(a.least, b.least), std::min(a.greatest, b.greatest)}; }
Interval Greatest(Interval a, Interval b) { return {std::max(a.least, b.least), std::max(a.greatest, b.greatest)}; }

}  // namespace sluice::onnx
