#include "repository/live_set.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

namespace sluice {

std::string_view ToString(ModelState state) {
  switch (state) {
    case ModelState::kServing: return "serving";
    case ModelState::kFailed: return "failed";
    case ModelState::kNoFile: return "no_file";
    case ModelState::kUnloaded: return "unloaded";
    case ModelState::kNotAModel: return "no_model";
  }
  return "";
}

LiveSet::LiveSet(std::vector<ModelInfo> models) : models_(std::move(models)) {
  for (const ModelInfo& info : models_) {
    Model& model = by_id_[info.id];
    if (!info.alias_of.empty()) {
      model.alias_of = info.alias_of;
    } else if (info.state == ModelState::kServing) {
      model.versions.push_back(info.handle);
    } else if (info.state == ModelState::kFailed) {
      model.failed = true;
    } else if (info.state == ModelState::kUnloaded) {
      model.unloaded = true;
    }
  }
  for (ModelInfo& info : models_) {
    if (info.alias_of.empty()) continue;
    // A line of an earlier set may say what is no longer so.
    info.state = ModelState::kServing;
    info.reason.clear();
    info.handle.reset();
    const Model* target = Find(info.id);
    if (target != nullptr && !target->versions.empty()) {
      info.handle = target->versions.back();
      info.task = info.handle->manifest().task();
      info.engine = info.handle->engine();
    } else {
      info.state = target != nullptr && target->failed ? ModelState::kFailed : ModelState::kNoFile;
      info.reason = StrCat("model '", info.alias_of, "' is not serving");
    }
  }
  ready_ = AnyServes();
}

bool LiveSet::AnyServes() const {
  bool real = false, real_serves = false, echo_serves = false;
  for (const ModelInfo& info : models_) {
    if (!info.alias_of.empty()) continue;
    const bool echo = info.engine == "identity", serves = info.state == ModelState::kServing;
    real |= !echo;
    real_serves |= !echo && serves;
    echo_serves |= echo && serves;
  }
  return real ? real_serves : echo_serves;
}

// Follows one alias; an alias of an alias counts as unknown, so a circle is no danger.
const LiveSet::Model* LiveSet::Find(std::string_view id) const {
  auto it = by_id_.find(id);
  if (it == by_id_.end() || it->second.alias_of.empty()) return it == by_id_.end() ? nullptr : &it->second;
  it = by_id_.find(it->second.alias_of);
  return it == by_id_.end() || !it->second.alias_of.empty() ? nullptr : &it->second;
}

absl::StatusOr<ModelHandle> LiveSet::Resolve(std::string_view id, std::string_view version) const {
  const Model* model = Find(id);
  if (model != nullptr && model->unloaded) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("model '", id, "' is unloaded; load it to use it"));
  }
  if (model == nullptr || (model->versions.empty() && !model->failed)) {
    const std::string ids = ServingIds();
    return Error(Reason::MODEL_NOT_FOUND,
                 StrCat("model '", Excerpt(id), "' does not exist; models: ", ids.empty() ? "none" : ids));
  }
  if (model->versions.empty()) {
    return Error(Reason::MODEL_UNAVAILABLE,
                 StrCat("model '", id, "' could not be loaded; the server's operator can see why"));
  }
  if (version.empty()) return model->versions.back();
  for (const ModelHandle& handle : model->versions) {
    if (handle->version() == version) return handle;
  }
  std::string known;
  for (const ModelHandle& handle : model->versions)
    absl::StrAppend(&known, known.empty() ? "" : ", ", handle->version());
  return Error(Reason::MODEL_NOT_FOUND,
               StrCat("model '", id, "' has no version '", Excerpt(version), "'; versions: ", known));
}

std::string FetchableIn(const std::vector<ModelInfo>& models) {
  std::vector<std::string> ids;
  for (const ModelInfo& model : models) {
    if (model.fetchable) ids.push_back(model.id);
  }
  return absl::StrJoin(ids, ", ");
}

std::string LiveSet::ServingIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, model] : by_id_) {
    const Model* found = Find(id);
    if (found != nullptr && !found->versions.empty()) ids.push_back(id);
  }
  return absl::StrJoin(ids, ", ");
}

}  // namespace sluice
