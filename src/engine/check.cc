#include "engine/check.h"

#include "base/error.h"
#include "base/strings.h"
#include "engine/bytes.h"
#include "engine/shape.h"

namespace sluice {

namespace {

absl::Status CheckBytes(const TensorSpec& spec, const TensorView& tensor, std::optional<int64_t> elements) {
  const auto found = CountBytes({static_cast<const char*>(tensor.data), tensor.bytes});
  if (found && found == elements) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, spec.name,
                    StrCat("input '", spec.name, "' of BYTES ", ToString(tensor.shape), " does not have ",
                           found ? StrCat(*found, " elements") : std::string("a last element that is cut off"),
                           "; each element is its length, 4 bytes little-endian, and its bytes"));
}

}  // namespace

absl::Status CheckShape(const TensorSpec& spec, const Shape& shape) {
  if (spec.any ? ElementsOf(shape).has_value() : Fits(shape, spec.shape)) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, spec.name,
                    StrCat("input '", spec.name, "' takes shape ", ToString(spec.shape), ", not ", ToString(shape)));
}

absl::Status CheckInput(const TensorSpec& spec, const TensorView& tensor) {
  if (!spec.any && tensor.dtype != spec.dtype) {
    return FieldError(Reason::INVALID_REQUEST, spec.name,
                      StrCat("input '", spec.name, "' takes ", NameOf(spec.dtype), ", not ", NameOf(tensor.dtype)));
  }
  RETURN_IF_ERROR(CheckShape(spec, tensor.shape));
  const std::optional<int64_t> elements = ElementsOf(tensor.shape);
  if (tensor.dtype == DType::kBytes) return CheckBytes(spec, tensor, elements);
  int64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(*elements, static_cast<int64_t>(SizeOf(tensor.dtype)), &bytes) ||
      static_cast<uint64_t>(bytes) != tensor.bytes) {
    return FieldError(Reason::INVALID_REQUEST, spec.name,
                      StrCat("input '", spec.name, "' of ", NameOf(tensor.dtype), " ", ToString(tensor.shape),
                             " does not have ", tensor.bytes, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace sluice
