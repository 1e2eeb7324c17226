#include "repository/manifest.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_replace.h"
#include "base/config/file.h"
#include "base/config/yaml_proto.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kFileBytesMax = 256 << 10;
constexpr uint32_t kLiveSloMs = 100;  // of tasks that look at live pictures

// The one place of model.yaml's defaults.
constexpr std::string_view kDefaults = R"(
task: tensor
engine: auto
versions: {policy: latest, count: 1}
max_batch: 1
threads_per_inference: 1
queue: {max_items: 256}
input: {width: 0, height: 0, resize: letterbox, color: rgb, scale: 1, mean: [0, 0, 0], std: [1, 1, 1],
        layout: nchw, crop_from: 0}
face_detection: {nms_iou: 0.3, calibration: {threshold: 0.5}, pyramid: {halvings: 0, face_max: 128}}
text_classification:
  kind: hashed_ngrams
  labels: labels.txt
  vocab: vocab.txt
  normalize: nfkc_cf_simplified
  max_length: 128
  outputs: probabilities
  ngram: {min: 1, max: 3, buckets: 262144, seed: 0}
  white_space: remove
  raw_cut: 1024
  do_lower_case: true
image_classification: {labels: labels.txt, top: 5, outputs: probabilities}
audio_classification: {labels: labels.txt, sample_rate_hz: 16000, top: 5, seconds_max: 60, outputs: probabilities}
)";

// Ids are used in paths, URLs and metric labels.
bool IsName(std::string_view id) {
  if (id.empty() || id.size() > 128 || id.front() == '.') return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
         std::string_view::npos;
}

// What an alias may have besides its target.
absl::Status CheckAlias(std::string_view text, std::string_view file) {
  Manifest written;
  RETURN_IF_ERROR(MergeYaml(text, file, written));
  written.clear_id();
  written.clear_description();
  written.clear_alias_of();
  if (written.ByteSizeLong() == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat(file, ": alias_of allows only id and description beside it"));
}

absl::Status Check(const Manifest& manifest, std::string_view file, std::string_view folder) {
  const auto wrong = [file](std::string_view what) { return absl::InvalidArgumentError(StrCat(file, ": ", what)); };
  if (manifest.id() != folder) return wrong(StrCat("id '", manifest.id(), "' is not the folder's name '", folder, "'"));
  if (!IsName(manifest.id()))
    return wrong(StrCat("'", manifest.id(), "' is not a model id (letters, digits, '_', '-', '.'); rename the folder"));
  if (manifest.versions().policy() == config::Versions::LIST && manifest.versions().list().empty()) {
    return wrong("versions.policy is list, but versions.list is empty");
  }
  const bool detects = manifest.task() == "face_detection";
  if (detects && manifest.alias_of().empty() &&
      manifest.face_detection().decoder() == config::FaceDetection::DECODER_UNSPECIFIED) {
    return wrong("task face_detection needs face_detection.decoder: centerface, yunet, blazeface or boxes");
  }
  if ((manifest.input().width() == 0) != (manifest.input().height() == 0))
    return wrong("input needs both width and height");
  const config::Ngrams& ngram = manifest.text_classification().ngram();
  if (ngram.min() > ngram.max()) return wrong("text_classification.ngram.min is greater than ngram.max");
  return absl::OkStatus();
}

}  // namespace

const Manifest& DefaultManifest() {
  static const Manifest* const defaults = [] {
    auto* manifest = new Manifest;
    if (!MergeYaml(kDefaults, "defaults", *manifest).ok()) std::abort();  // built in, and tested
    return manifest;
  }();
  return *defaults;
}

absl::StatusOr<Manifest> ParseManifest(std::string_view text, std::string_view file, std::string_view folder) {
  Manifest manifest = DefaultManifest();
  RETURN_IF_ERROR(MergeYaml(text, file, manifest));
  if (manifest.id().empty()) manifest.set_id(std::string(folder));
  if (!manifest.has_slo_ms()) manifest.set_slo_ms(manifest.task() == "face_detection" ? kLiveSloMs : 0);
  if (!manifest.alias_of().empty()) RETURN_IF_ERROR(CheckAlias(text, file));
  RETURN_IF_ERROR(Check(manifest, file, folder));
  return manifest;
}

absl::StatusOr<Manifest> ReadManifest(const std::string& file, std::string_view folder) {
  const std::string name = std::filesystem::path(file).filename().string();
  const auto text = ReadFile(file, kFileBytesMax);
  // Clients see why a model does not serve; where it lies is nothing to them.
  if (!text.ok()) return absl::InvalidArgumentError(absl::StrReplaceAll(text.status().message(), {{file, name}}));
  return ParseManifest(*text, name, folder);
}

}  // namespace sluice
