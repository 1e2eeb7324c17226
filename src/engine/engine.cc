#include "engine/engine.h"

#include "base/error.h"

namespace sluice {

absl::StatusOr<std::shared_ptr<LoadedModel>> LoadedModel::Reshaped(const Shape& /*input*/) const {
  return Error(Reason::UNIMPLEMENTED, "this engine cannot change a model's input shape");
}

}  // namespace sluice
