#include "engine/onnxruntime/types.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "engine/bytes.h"
#include "engine/onnxruntime/errors.h"

namespace sluice::ort {
namespace {

absl::Status CannotServe(std::string_view name, std::string_view what) {
  return Error(Reason::MODEL_FAILED, StrCat("tensor '", name, "' ", what, ", which is not supported"));
}

absl::Status TakeShape(const TensorInfo* info, TensorSpec& spec) {
  if (!Call<HasShape>(info)) {
    spec.any_shape = true;
    spec.shape = {-1};
    return absl::OkStatus();
  }
  size_t rank = 0;
  RETURN_IF_ERROR(LoadError(Call<GetDimensionsCount>(info, &rank)));
  spec.shape.resize(rank);
  std::vector<const char*> symbols(rank);
  RETURN_IF_ERROR(LoadError(Call<GetDimensions>(info, spec.shape.data(), rank)));
  RETURN_IF_ERROR(LoadError(Call<GetSymbolicDimensions>(info, symbols.data(), rank)));
  for (int64_t& dim : spec.shape) dim = std::max<int64_t>(dim, -1);
  spec.symbols.assign(symbols.begin(), symbols.end());
  return absl::OkStatus();
}

absl::StatusOr<TensorSpec> SpecOf(const TypeInfo* type, std::string name) {
  Kind kind = kUnknown;
  RETURN_IF_ERROR(LoadError(Call<GetOnnxTypeFromTypeInfo>(type, &kind)));
  if (kind != kTensor) {
    return CannotServe(name, kind == kSequence   ? "is a sequence"
                             : kind == kMap      ? "is a map"
                             : kind == kSparse   ? "is a sparse tensor"
                             : kind == kOptional ? "is an optional value"
                                                 : "is not a tensor");
  }
  const TensorInfo* info = nullptr;
  int element = 0;
  RETURN_IF_ERROR(LoadError(Call<CastTypeInfoToTensorInfo>(type, &info)));
  RETURN_IF_ERROR(LoadError(Call<GetTensorElementType>(info, &element)));
  const auto dtype = FromElement(element);
  if (!dtype) return CannotServe(name, StrCat("has the ONNX type ", element));
  TensorSpec spec{.name = std::move(name), .dtype = *dtype};
  RETURN_IF_ERROR(TakeShape(info, spec));
  return spec;
}

// One of the session's three lists: inputs, inputs with a default, outputs.
template <class GetCount, class GetType, class GetName>
absl::Status AppendSpecs(const Library& library, const Sess* session, std::vector<TensorSpec>& specs) {
  size_t count = 0;
  RETURN_IF_ERROR(LoadError(Call<GetCount>(session, &count)));
  for (size_t i = 0; i < count; ++i) {
    Owned<TypeInfo> type;
    char* name = nullptr;
    RETURN_IF_ERROR(LoadError(Call<GetType>(session, i, Out(type))));
    RETURN_IF_ERROR(LoadError(Call<GetName>(session, i, library.allocator(), &name)));
    std::string ours = name;
    (void)LoadError(Call<AllocatorFree>(library.allocator(), name));
    ASSIGN_OR_RETURN(TensorSpec spec, SpecOf(type.get(), std::move(ours)));
    specs.push_back(std::move(spec));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelSignature> SignatureOf(const Library& library, const Sess* session) {
  ModelSignature signature;
  RETURN_IF_ERROR((AppendSpecs<SessionGetInputCount, SessionGetInputTypeInfo, SessionGetInputName>(library, session,
                                                                                                   signature.inputs)));
  const size_t required = signature.inputs.size();
  RETURN_IF_ERROR((AppendSpecs<SessionGetOverridableInitializerCount, SessionGetOverridableInitializerTypeInfo,
                               SessionGetOverridableInitializerName>(library, session, signature.inputs)));
  for (size_t i = required; i < signature.inputs.size(); ++i) signature.inputs[i].optional = true;
  RETURN_IF_ERROR((AppendSpecs<SessionGetOutputCount, SessionGetOutputTypeInfo, SessionGetOutputName>(
      library, session, signature.outputs)));
  return signature;
}

absl::Status FillStrings(std::string_view data, Value* strings) {
  std::string_view element;
  for (size_t i = 0; TakeBytes(data, element); ++i) {
    char* to = nullptr;
    RETURN_IF_ERROR(LoadError(Call<GetResizedStringTensorElementBuffer>(strings, i, element.size(), &to)));
    if (!element.empty()) std::memcpy(to, element.data(), element.size());
  }
  return absl::OkStatus();
}

absl::Status AppendStrings(const Value* strings, size_t elements, std::string& data) {
  size_t bytes = 0;
  RETURN_IF_ERROR(LoadError(Call<GetStringTensorDataLength>(strings, &bytes)));
  std::string all(bytes, '\0');
  std::vector<size_t> starts(elements + 1, bytes);
  RETURN_IF_ERROR(LoadError(Call<GetStringTensorContent>(strings, all.data(), bytes, starts.data(), elements)));
  data.reserve(data.size() + bytes + elements * 4);
  for (size_t i = 0; i < elements; ++i) {
    AppendBytes(std::string_view(all).substr(starts[i], starts[i + 1] - starts[i]), data);
  }
  return absl::OkStatus();
}

}  // namespace sluice::ort
