#include "repository/loader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/check.h"

namespace sluice {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr size_t kReasonBytesMax = 800;

ModelInfo InfoOf(const FoundModel& found, const Manifest& manifest) {
  ModelInfo info;
  info.fallback = manifest.fallback();
  info.id = Excerpt(found.id, 255);
  info.alias_of = manifest.alias_of();
  info.task = manifest.task();
  info.engine = manifest.engine();
  info.description = manifest.description();
  info.license = manifest.license();
  return info;
}

ModelInfo Not(ModelInfo info, ModelState state, std::string_view reason) {
  info.state = state;
  info.reason = Excerpt(reason, kReasonBytesMax);
  return info;
}

// Everyday sizes of what the model's file leaves open.
ai::inference::trial::Usual UsualOf(const Manifest& manifest) {
  ai::inference::trial::Usual usual;
  usual.set_first(1);
  if (manifest.task() == "text_classification") usual.set_others(manifest.text_classification().max_length());
  if (manifest.task() == "audio_classification") usual.set_others(manifest.audio_classification().sample_rate_hz());
  return usual;
}

std::vector<FoundVersion> VersionsOf(const FoundModel& model, const std::vector<Engine*>& engines) {
  // A model without a file has one version, whatever is in its folder.
  if (engines.size() == 1 && !engines[0]->needs_file()) return {{"1", model.folder, ""}};
  return ChooseVersions(model.versions, model.manifest->versions());
}

std::string NoVersion(const FoundModel& model) {
  if (!model.problem.empty()) return model.problem;
  if (model.versions.empty() && model.fetchable)
    return StrCat("its file has not been fetched: python3 tools/get_models.py ", model.id);
  if (model.versions.empty()) return "it has no model file: put it in 1/model.onnx (or .tflite, .xml)";
  return "the manifest's `versions` selects none of the version folders";
}

}  // namespace

std::map<std::string, Shape> ReshapeOf(const Manifest& manifest) {
  const config::ImageInput& input = manifest.input();
  const int64_t width = input.width(), height = input.height();
  if (width == 0) return {};
  const int64_t batch = manifest.max_batch() > 1 ? -1 : 1;
  const bool channels_first = input.layout() == config::ImageInput::NCHW;
  return {{"", channels_first ? Shape{batch, 3, height, width} : Shape{batch, height, width, 3}}};
}

std::vector<ModelInfo> Loader::Load(const FoundModel& model, bool again) const {
  if (!model.is_model) return {Not(InfoOf(model, Manifest()), ModelState::kNotAModel, model.problem)};
  if (!model.manifest.ok()) {
    return {Not(InfoOf(model, Manifest()), ModelState::kFailed, ToStd(model.manifest.status().message()))};
  }
  const ModelInfo info = InfoOf(model, *model.manifest);
  if (!info.alias_of.empty()) return {info};
  const auto engines = EnginesFor(*model.manifest);
  if (!engines.ok()) return {Not(info, ModelState::kFailed, ToStd(engines.status().message()))};
  const std::vector<FoundVersion> versions = VersionsOf(model, *engines);
  if (versions.empty()) {
    ModelInfo line = Not(info, ModelState::kNoFile, NoVersion(model));
    line.fetchable = model.fetchable && model.problem.empty() && model.versions.empty();
    return {std::move(line)};
  }
  std::vector<ModelInfo> all;
  for (const FoundVersion& version : versions) {
    ModelInfo line = info;
    line.version = version.version;
    all.push_back(LoadVersion(model, version, *engines, again, std::move(line)));
  }
  return all;
}

absl::StatusOr<std::vector<Engine*>> Loader::EnginesFor(const Manifest& manifest) const {
  if (manifest.engine() == kAuto) {
    std::vector<Engine*> all;
    for (Engine* engine : engines_) {
      if (engine->needs_file()) all.push_back(engine);
    }
    return all;
  }
  std::string known;
  for (Engine* engine : engines_) {
    if (engine->name() == manifest.engine()) return std::vector<Engine*>{engine};
    absl::StrAppend(&known, known.empty() ? "" : ", ", ToAbsl(engine->name()));
  }
  return absl::InvalidArgumentError(StrCat("no engine '", manifest.engine(), "'; engines: auto, ", known));
}

ModelInfo Loader::LoadVersion(const FoundModel& model, const FoundVersion& version, std::vector<Engine*> engines,
                              bool again, ModelInfo line) const {
  const auto failed = [&line](const absl::Status& status) {
    return Not(line, ModelState::kFailed, ToStd(status.message()));
  };
  TrialJob job{.engines = std::move(engines),
               .load = {.cache_dir = options_.cache_dir,
                        .reshape = ReshapeOf(*model.manifest),
                        .threads_per_inference = static_cast<int>(model.manifest->threads_per_inference()),
                        .name = StrCat(model.id, "@", version.version),
                        .trusted_inputs = model.manifest->task() != "tensor"},
               .usual = UsualOf(*model.manifest),
               .again = again};
  if (!version.file.empty()) {
    auto files = ModelFiles::Read(version.file);
    if (!files.ok()) return failed(files.status());
    job.files = *std::move(files);
  }
  const auto chosen = Choose(job, *model.manifest);
  if (!chosen.ok()) return failed(chosen.status());
  std::string reasons;
  for (const Chosen& one : *chosen) {
    auto handle = LoadWith(one, job, model, version);
    if (handle.ok()) {
      line.handle = *std::move(handle);
      line.engine = std::string(one.engine->name());
      line.reason = Excerpt(one.reason, kReasonBytesMax);
      return line;
    }
    absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", chosen->size() > 1 ? StrCat(one.engine->name(), ": ") : "",
                    handle.status().message());
  }
  return Not(line, ModelState::kFailed, reasons);
}

// The engine that the trial found best; all that may do, in their order, where nothing is tried.
absl::StatusOr<std::vector<Loader::Chosen>> Loader::Choose(const TrialJob& all, const Manifest& manifest) const {
  if (all.files == nullptr) return std::vector<Chosen>{{all.engines[0], "", 0}};
  TrialJob job = all;
  std::erase_if(job.engines, [&job](const Engine* engine) { return !engine->CanLoad(job.files->format()); });
  if (job.engines.empty())
    return absl::InvalidArgumentError(StrCat("engine ", manifest.engine(), " does not read this kind of file"));
  std::string untried = "loaded without a trial";
  if (options_.trial != nullptr) {
    const auto verdict = options_.trial->Try(job);
    if (verdict.ok()) {
      if (!verdict->warning().empty())
        LogWarning("model.engines_disagree", {{"model", job.load.name}, {"what", verdict->warning()}});
      for (Engine* engine : job.engines) {
        if (engine->name() == verdict->engine())
          return std::vector<Chosen>{
              {engine, StrCat(verdict->reason(), verdict->warning().empty() ? "" : "; ", verdict->warning()),
               verdict->memory_bytes()}};
      }
      return Error(Reason::MODEL_FAILED, verdict->reason());
    }
    if (!absl::IsUnavailable(verdict.status())) return verdict.status();
    LogWarning("model.not_tried", {{"model", job.load.name}, {"reason", std::string(verdict.status().message())}});
    absl::StrAppend(&untried, ": ", verdict.status().message());
  }
  std::vector<Chosen> chosen;
  for (Engine* engine : job.engines) chosen.push_back({engine, options_.trial == nullptr ? "" : untried, 0});
  return chosen;
}

absl::StatusOr<ModelHandle> Loader::LoadWith(const Chosen& chosen, const TrialJob& job, const FoundModel& model,
                                             const FoundVersion& version) const {
  ModelVersion::Parts parts;
  ASSIGN_OR_RETURN(parts.model, chosen.engine->Load(job.files, job.load));
  RETURN_IF_ERROR(CheckNames(parts.model->signature()));
  for (int i = 0; i < options_.workers; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<Session> session, parts.model->NewSession());
    parts.sessions.push_back(std::move(session));
  }
  parts.id = model.id;
  parts.version = version.version;
  parts.folder = version.folder;
  parts.model_folder = model.folder;
  parts.manifest = *model.manifest;
  parts.engine = std::string(chosen.engine->name());
  parts.memory_bytes = std::max<uint64_t>(chosen.memory_bytes, job.files == nullptr ? 0 : job.files->bytes());
  auto loaded = std::make_shared<ModelVersion>(std::move(parts));
  if (options_.prepare) RETURN_IF_ERROR(options_.prepare(*loaded));
  return loaded;
}

}  // namespace sluice
