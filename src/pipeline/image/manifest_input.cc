#include "pipeline/image/manifest_input.h"

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

absl::Status Unusable(std::string_view why) { return Error(Reason::MODEL_UNAVAILABLE, why); }

// The manifest's size, or else the file's; 0 when the file leaves it open.
int SizeOr(uint32_t manifest, int64_t file) { return manifest > 0 ? static_cast<int>(manifest) : file > 0 ? file : 0; }

}  // namespace

Shape InputShape(const InputFormat& format) {
  return format.layout == Layout::kNchw ? Shape{1, 3, format.height, format.width}
                                        : Shape{1, format.height, format.width, 3};
}

absl::StatusOr<InputFormat> InputFormatOf(const ModelVersion& version) {
  const config::ImageInput& input = version.manifest().input();
  const bool nchw = input.layout() == config::ImageInput::NCHW;
  if (version.signature().inputs.empty()) return Unusable("the model has no input");
  const TensorSpec& spec = version.signature().inputs[0];
  if (spec.dtype != DType::kFp32) return Unusable("the model's first input must be float32");
  if (spec.shape.size() != 4) return Unusable("the model's first input must have 4 dimensions");

  InputFormat format;
  format.layout = nchw ? Layout::kNchw : Layout::kNhwc;
  format.height = SizeOr(input.height(), spec.shape[nchw ? 2 : 1]);
  format.width = SizeOr(input.width(), spec.shape[nchw ? 3 : 2]);
  if (format.width == 0 || format.height == 0)
    return Unusable("set input.width and input.height: the model leaves them open");
  const Shape wanted = InputShape(format);
  for (size_t i = 1; i < 4; ++i) {
    if (spec.shape[i] > 0 && spec.shape[i] != wanted[i]) {
      return Unusable(StrCat("dimension ", i, " of the model's first input is ", spec.shape[i],
                             ", but model.yaml sets it to ", wanted[i]));
    }
  }
  format.order = input.color() == config::ImageInput::BGR ? ColorOrder::kBgr : ColorOrder::kRgb;
  format.mode = input.resize() == config::ImageInput::STRETCH ? ResizeMode::kStretch : ResizeMode::kLetterbox;
  format.scale = input.scale();
  for (int i = 0; i < 3; ++i) {
    if (i < input.mean_size()) format.mean[i] = input.mean(i);
    if (i < input.std_size()) format.std[i] = input.std(i);
  }
  return format;
}

}  // namespace sluice
