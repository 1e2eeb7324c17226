#include "engine/warm_up.h"

#include <algorithm>
#include <optional>
#include <string>

#include "engine/shape.h"

namespace sluice {
namespace {

constexpr size_t kBytesMax = size_t{64} << 20;

// Null bytes are zeros of every type, false, and for BYTES the length of an empty element.
std::optional<std::string> ZerosOf(const TensorSpec& spec, const Shape& shape) {
  const size_t size = spec.dtype == DType::kBytes ? sizeof(uint32_t) : SizeOf(spec.dtype);
  const std::optional<int64_t> elements = ElementsOf(shape);
  if (!elements || static_cast<size_t>(*elements) > kBytesMax / size) return std::nullopt;
  return std::string(static_cast<size_t>(*elements) * size, '\0');
}

}  // namespace

void WarmUp(const ModelSignature& signature, Session& session) {
  std::vector<std::string> zeros;  // stay until the run is over
  zeros.reserve(signature.inputs.size());
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorSpec& spec = signature.inputs[i];
    if (spec.optional) continue;
    Shape shape = spec.shape;
    std::replace(shape.begin(), shape.end(), int64_t{-1}, int64_t{1});
    std::optional<std::string> data = ZerosOf(spec, shape);
    if (!data) return;
    zeros.push_back(*std::move(data));
    if (!session.SetInput(i, {spec.name, spec.dtype, shape, zeros.back().data(), zeros.back().size()}).ok()) return;
  }
  (void)session.Run();
}

}  // namespace sluice
