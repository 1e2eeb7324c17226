#include "engine/shape.h"

#include <utility>

#include "base/strings.h"

namespace sluice {

std::string ToString(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : ",", shape[i]);
  return text + "]";
}

std::optional<int64_t> ElementsOf(const Shape& shape) {
  int64_t product = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(product, dim, &product)) return std::nullopt;
  }
  return product;
}

bool Fits(const Shape& shape, const Shape& spec) {
  if (shape.size() != spec.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0 || (spec[i] >= 0 && shape[i] != spec[i])) return false;
  }
  return true;
}

}  // namespace sluice
