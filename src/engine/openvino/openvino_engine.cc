#include "engine/openvino/openvino_engine.h"

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/onnx/graph_check.h"
#include "engine/openvino/openvino_session.h"
#include "engine/openvino/openvino_types.h"
#include "engine/openvino/staged_files.h"
#include "engine/shape.h"
#include "openvino/frontend/manager.hpp"
#include "openvino/runtime/core.hpp"

namespace sluice {
namespace {

absl::Status LoadFailure(std::string_view model, std::string_view message, const std::exception& e) {
  LogWarning("engine.load_failed", {{"engine", "openvino"}, {"model", model}, {"what", message}, {"error", e.what()}});
  return Error(Reason::MODEL_FAILED, message);
}

size_t IndexOf(ov::Model& model, const std::string& name) {
  const auto inputs = std::as_const(model).inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (NameOf(inputs[i]) == name) return i;
  }
  throw std::out_of_range("no input of this name");
}

absl::Status Reshape(const std::string& path, ov::Model& model, const std::map<std::string, Shape>& shapes) {
  if (shapes.empty()) return absl::OkStatus();
  std::string wanted;
  try {
    std::map<size_t, ov::PartialShape> by_index;
    for (const auto& [name, shape] : shapes) {
      wanted = StrCat("'", name, "' ", ToString(shape));
      by_index[name.empty() ? 0 : IndexOf(model, name)] = ToOvPartial(shape);
    }
    model.reshape(by_index);
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return LoadFailure(path, StrCat("the model does not accept an input ", wanted), e);
  }
}

class OpenVinoModel final : public LoadedModel {
 public:
  OpenVinoModel(CorePtr core, std::shared_ptr<const OpenVinoNet> net) : core_(std::move(core)), net_(std::move(net)) {}

  // The error is for operators.
  static absl::StatusOr<std::shared_ptr<LoadedModel>> Make(const CorePtr& core, const std::shared_ptr<ov::Model>& model,
                                                           const LoadOptions& options) {
    RETURN_IF_ERROR(Reshape(options.name, *model, options.reshape));
    try {
      ASSIGN_OR_RETURN(auto net, OpenVinoNet::Make(core, model, options));
      return std::make_shared<OpenVinoModel>(core, std::move(net));
    } catch (const std::exception& e) {
      return LoadFailure(options.name, "OpenVINO cannot use the model", e);
    }
  }

  const ModelSignature& signature() const override { return net_->signature(); }

  absl::StatusOr<std::shared_ptr<LoadedModel>> Reshaped(const Shape& input) const override {
    LoadOptions options = net_->options();
    options.reshape = {{"", input}};
    try {
      return Make(core_, net_->model().clone(), options);  // the copy shares the weights' memory
    } catch (const std::exception& e) {
      return LoadFailure(net_->name(), "OpenVINO cannot copy the model", e);
    }
  }

  absl::StatusOr<std::unique_ptr<Session>> NewSession() override {
    try {
      auto session = std::make_unique<OpenVinoSession>(net_);
      RETURN_IF_ERROR(session->WarmUp());
      return session;
    } catch (const std::exception& e) {
      return LoadFailure(net_->name(), "OpenVINO cannot compile the model", e);
    }
  }

 private:
  const CorePtr core_;
  const std::shared_ptr<const OpenVinoNet> net_;
};

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine() : core_(std::make_shared<ov::Core>()) {}

  std::string_view name() const override { return "openvino"; }
  std::string version() const override { return ov::get_openvino_version().buildNumber; }
  bool CanLoad(ModelFormat /*format*/) const override { return true; }

  absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> files,
                                                    const LoadOptions& options) override {
    RETURN_IF_ERROR(CheckOnnx(*files, options));
    ASSIGN_OR_RETURN(const std::unique_ptr<StagedFiles> staged, StagedFiles::Make(*files));
    std::shared_ptr<ov::Model> model;
    try {
      CheckFormat(files->format(), staged->main());
      model = core_->read_model(staged->main());
    } catch (const std::exception& e) {
      return LoadFailure(options.name, "OpenVINO cannot read the model file", e);
    }
    return OpenVinoModel::Make(core_, model, WithCache(options));
  }

 private:
  // read_model offers a file to every format it knows when the one of its name refuses it; TensorFlow's parser then
  // writes to stderr, and is one more parser for hostile bytes. Throws.
  static void CheckFormat(ModelFormat format, const std::string& path) {
    const std::string name(ToString(format));
    const auto frontend = ov::frontend::FrontEndManager().load_by_framework(name);
    if (!frontend || !frontend->supported(path)) throw std::invalid_argument(StrCat("not a file of format ", name));
  }

  static absl::Status CheckOnnx(const ModelFiles& files, const LoadOptions& options) {
    if (files.format() != ModelFormat::kOnnx) return absl::OkStatus();
    const absl::Status valid = onnx::CheckGraph(files.main().bytes);
    if (valid.ok()) return valid;
    const std::string message = StrCat("the model is not valid ONNX: ", ToStd(valid.message()));
    LogWarning("engine.load_failed", {{"engine", "openvino"}, {"model", options.name}, {"error", message}});
    return Error(Reason::MODEL_FAILED, message);
  }

  // Without the cache folder a model still loads, only slower.
  static LoadOptions WithCache(LoadOptions options) {
    std::error_code error;
    if (!options.cache_dir.empty()) std::filesystem::create_directories(options.cache_dir, error);
    if (error) {
      LogWarning("engine.cache_unusable", {{"folder", options.cache_dir}, {"error", error.message()}});
      options.cache_dir.clear();
    }
    return options;
  }

  const CorePtr core_;
};

}  // namespace

std::unique_ptr<Engine> MakeOpenVinoEngine() { return std::make_unique<OpenVinoEngine>(); }

}  // namespace sluice
