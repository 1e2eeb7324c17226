// Checks of a model's signature, and of a caller's tensor against it, the same for every engine.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/engine.h"

namespace sluice {

// MODEL_FAILED, for operators: a name that is not UTF-8, which no client could read or send.
absl::Status CheckNames(const ModelSignature& signature);

// INVALID_REQUEST, naming the input, when type, shape or byte count do not match `spec`.
absl::Status CheckInput(const TensorSpec& spec, const TensorView& tensor);
// The shape alone.
absl::Status CheckShape(const TensorSpec& spec, const Shape& shape);

// What a run needs of all inputs together; looked up once, for each run to be checked against. Thread-safe.
class InputChecks {
 public:
  // `signature` outlives it.
  explicit InputChecks(const ModelSignature& signature);
  // `shapes` by input, null for one that was not given. INVALID_REQUEST, naming the input: one that is not optional is
  // missing, or two dimensions of one symbol have two sizes.
  absl::Status Check(std::span<const Shape* const> shapes) const;

 private:
  struct Place {
    size_t input, dimension;
  };
  absl::Status CheckSymbol(const std::vector<Place>& places, std::span<const Shape* const> shapes) const;

  const ModelSignature& signature_;
  std::vector<std::vector<Place>> symbols_;  // the places of each that occurs more than once
};

}  // namespace sluice
