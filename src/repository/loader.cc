#include "repository/loader.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

ModelInfo InfoOf(const FoundModel& found, const Manifest& manifest) {
  ModelInfo info;
  info.id = found.id;
  info.alias_of = manifest.alias_of();
  info.task = manifest.task();
  info.engine = manifest.engine();
  info.description = manifest.description();
  info.license = manifest.license();
  return info;
}

ModelInfo Not(ModelInfo info, ModelState state, std::string reason) {
  info.state = state;
  info.reason = std::move(reason);
  return info;
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

std::vector<ModelInfo> Loader::Load(const FoundModel& model) const {
  if (!model.manifest.ok()) {
    return {Not(InfoOf(model, Manifest()), ModelState::kFailed, std::string(model.manifest.status().message()))};
  }
  const ModelInfo info = InfoOf(model, *model.manifest);
  if (!info.alias_of.empty()) return {info};
  const auto engine = EngineFor(*model.manifest);
  if (!engine.ok()) return {Not(info, ModelState::kFailed, std::string(engine.status().message()))};
  const std::vector<FoundVersion> versions = (*engine)->needs_file()
                                                 ? ChooseVersions(model.versions, model.manifest->versions())
                                                 : std::vector<FoundVersion>{{"1", model.folder, ""}};
  if (versions.empty())
    return {Not(info, ModelState::kNoFile, "no version folder with a model file that the manifest wants")};
  std::vector<ModelInfo> all;
  for (const FoundVersion& version : versions) {
    ModelInfo line = info;
    line.version = version.version;
    auto handle = LoadVersion(model, version, **engine);
    if (handle.ok()) {
      line.handle = *std::move(handle);
    } else {
      line = Not(std::move(line), ModelState::kFailed, std::string(handle.status().message()));
    }
    all.push_back(std::move(line));
  }
  return all;
}

absl::StatusOr<Engine*> Loader::EngineFor(const Manifest& manifest) const {
  std::string known;
  for (Engine* engine : engines_) {
    if (engine->name() == manifest.engine()) return engine;
    absl::StrAppend(&known, known.empty() ? "" : ", ", ToAbsl(engine->name()));
  }
  return absl::InvalidArgumentError(StrCat("no engine '", manifest.engine(), "'; engines: ", known));
}

absl::StatusOr<ModelHandle> Loader::LoadVersion(const FoundModel& model, const FoundVersion& version,
                                                Engine& engine) const {
  LoadOptions load{.cache_dir = options_.cache_dir,
                   .reshape = ReshapeOf(*model.manifest),
                   .threads_per_inference = static_cast<int>(model.manifest->threads_per_inference()),
                   .name = StrCat(model.id, "@", version.version),
                   .trusted_inputs = model.manifest->task() != "tensor"};
  std::shared_ptr<const ModelFiles> files;
  if (engine.needs_file()) {
    ASSIGN_OR_RETURN(files, ModelFiles::Read(version.file));
    if (!engine.CanLoad(files->format()))
      return absl::InvalidArgumentError(StrCat(engine.name(), " does not read this kind of file"));
  }
  ModelVersion::Parts parts;
  ASSIGN_OR_RETURN(parts.model, engine.Load(std::move(files), load));
  for (int i = 0; i < options_.workers; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<Session> session, parts.model->NewSession());
    parts.sessions.push_back(std::move(session));
  }
  parts.id = model.id;
  parts.version = version.version;
  parts.folder = version.folder;
  parts.model_folder = model.folder;
  parts.manifest = *model.manifest;
  auto loaded = std::make_shared<ModelVersion>(std::move(parts));
  if (options_.prepare) RETURN_IF_ERROR(options_.prepare(*loaded));
  return loaded;
}

}  // namespace sluice
