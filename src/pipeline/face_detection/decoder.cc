#include "pipeline/face_detection/decoder.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr std::array kDecoders = {
    FaceDecoder{"yunet", CheckYunetSignature, DecodeYunet},
    FaceDecoder{"centerface", CheckCenterfaceSignature, DecodeCenterface},
    FaceDecoder{"blazeface", CheckBlazefaceSignature, DecodeBlazeface},
    FaceDecoder{"boxes", CheckBoxesSignature, DecodeBoxes},
};

std::string Text(const TensorView& tensor) {
  std::string_view type = tensor.dtype == DType::kFp32 ? "float32" : "a type other than float32";
  return StrCat(type, " [", absl::StrJoin(tensor.shape, ","), "]");
}

}  // namespace

std::span<const FaceDecoder> FaceDecoders() { return kDecoders; }

const FaceDecoder* FindFaceDecoder(std::string_view name) {
  auto found = std::find_if(kDecoders.begin(), kDecoders.end(), [&](const FaceDecoder& d) { return d.name == name; });
  return found == kDecoders.end() ? nullptr : found;
}

const TensorView* FindTensor(std::span<const TensorView> outputs, std::string_view name) {
  for (const TensorView& output : outputs) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

bool ShapeIs(const Shape& shape, std::initializer_list<int64_t> expected) {
  auto same = [](int64_t a, int64_t b) { return a == b || a == -1 || b == -1; };
  return std::equal(shape.begin(), shape.end(), expected.begin(), expected.end(), same);
}

absl::Status CheckTensor(const TensorView& tensor, std::initializer_list<int64_t> expected) {
  if (tensor.dtype == DType::kFp32 && ShapeIs(tensor.shape, expected)) return absl::OkStatus();
  return absl::FailedPreconditionError(StrCat("output '", tensor.name, "' should be float32 [",
                                              absl::StrJoin(expected, ","), "], but is ", Text(tensor)));
}

absl::Status MissingOutput(std::string_view decoder, std::string_view what, std::span<const TensorView> outputs) {
  auto list = [](std::string* to, const TensorView& output) {
    to->append(StrCat("'", output.name, "' ", Text(output)));
  };
  return absl::FailedPreconditionError(
      StrCat("decoder '", decoder, "' needs ", what, "; the model has ", absl::StrJoin(outputs, ", ", list)));
}

const float* FloatsOf(const TensorView* tensor, size_t count) {
  bool fits = tensor != nullptr && tensor->dtype == DType::kFp32 && tensor->bytes / sizeof(float) >= count;
  return fits ? static_cast<const float*>(tensor->data) : nullptr;
}

absl::Status UnexpectedOutputs() {
  return Error(Reason::MODEL_FAILED, "the model's outputs are not those it was loaded with");
}

}  // namespace sluice
