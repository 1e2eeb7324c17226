#include "engine/check.h"

#include <map>
#include <string_view>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/bytes.h"
#include "engine/shape.h"

namespace sluice {

namespace {

absl::Status CheckBytes(const TensorSpec& spec, const TensorView& tensor, std::optional<int64_t> elements) {
  const auto found = CountBytes({static_cast<const char*>(tensor.data), tensor.bytes});
  if (found && found == elements) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, spec.name,
                    StrCat("input '", spec.name, "' of BYTES ", ToString(tensor.shape), " does not have ",
                           found ? StrCat(*found, " elements") : std::string("a complete last element"),
                           "; each element is its length (4 bytes, little-endian) followed by its bytes"));
}

// A BOOL of 2 is neither to a compiler: what a kernel makes of it (the number of true ones, say) may lead outside its
// memory.
absl::Status CheckBools(const TensorSpec& spec, const TensorView& tensor) {
  const auto bytes = tensor.As<uint8_t>();
  uint8_t all = 0;
  for (const uint8_t byte : bytes) all |= byte;
  if (all <= 1) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, spec.name,
                    StrCat("input '", spec.name, "' of BOOL has a byte that is neither 0 nor 1"));
}

absl::Status CheckNames(std::string_view what, const std::vector<TensorSpec>& specs) {
  for (const TensorSpec& spec : specs) {
    if (IsUtf8(spec.name)) continue;
    return Error(Reason::MODEL_FAILED, StrCat("the name of ", what, " '", Excerpt(spec.name),
                                              "' is not UTF-8; rename it where the model is exported"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNames(const ModelSignature& signature) {
  RETURN_IF_ERROR(CheckNames("input", signature.inputs));
  return CheckNames("output", signature.outputs);
}

absl::Status CheckShape(const TensorSpec& spec, const Shape& shape) {
  if (spec.any || spec.any_shape ? ElementsOf(shape).has_value() : Fits(shape, spec.shape)) return absl::OkStatus();
  return FieldError(
      Reason::INVALID_REQUEST, spec.name,
      StrCat("input '", spec.name, "' must have shape ", ToString(spec.shape), ", not ", ToString(shape)));
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
  return tensor.dtype == DType::kBool && !spec.any ? CheckBools(spec, tensor) : absl::OkStatus();
}

InputChecks::InputChecks(const ModelSignature& signature) : signature_(signature) {
  std::map<std::string_view, std::vector<Place>> places;
  for (size_t input = 0; input < signature.inputs.size(); ++input) {
    const std::vector<std::string>& symbols = signature.inputs[input].symbols;
    for (size_t i = 0; i < symbols.size(); ++i) {
      if (!symbols[i].empty()) places[symbols[i]].push_back({input, i});
    }
  }
  for (auto& [symbol, where] : places) {
    if (where.size() > 1) symbols_.push_back(std::move(where));
  }
}

absl::Status InputChecks::Check(std::span<const Shape* const> shapes) const {
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i] != nullptr || signature_.inputs[i].optional) continue;
    const std::string& name = signature_.inputs[i].name;
    return FieldError(Reason::INVALID_REQUEST, name, StrCat("input '", name, "' is missing"));
  }
  for (const std::vector<Place>& places : symbols_) RETURN_IF_ERROR(CheckSymbol(places, shapes));
  return absl::OkStatus();
}

absl::Status InputChecks::CheckSymbol(const std::vector<Place>& places, std::span<const Shape* const> shapes) const {
  const Place* first = nullptr;
  for (const Place& place : places) {
    if (shapes[place.input] == nullptr) continue;
    if (first == nullptr) first = &place;
    const int64_t size = (*shapes[place.input])[place.dimension], wanted = (*shapes[first->input])[first->dimension];
    if (size == wanted) continue;
    const TensorSpec& spec = signature_.inputs[place.input];
    return FieldError(Reason::INVALID_REQUEST, spec.name,
                      StrCat("dimension ", place.dimension, " of input '", spec.name, "' is ", size, ", and dimension ",
                             first->dimension, " of '", signature_.inputs[first->input].name, "' is ", wanted,
                             "; the model uses one size for both ('", spec.symbols[place.dimension], "')"));
  }
  return absl::OkStatus();
}

}  // namespace sluice
