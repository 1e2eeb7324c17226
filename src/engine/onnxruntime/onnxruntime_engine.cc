#include "engine/onnxruntime/onnxruntime_engine.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/onnx/graph.h"
#include "engine/onnx/hazards.h"
#include "engine/onnxruntime/errors.h"
#include "engine/onnxruntime/library.h"
#include "engine/onnxruntime/session.h"
#include "engine/onnxruntime/types.h"
#include "engine/shape.h"
#include "engine/warm_up.h"

namespace sluice {
namespace {

using ort::Call;
using ort::LoadError;

absl::Status WrongShape(std::string_view name, const Shape& wanted, std::string_view why) {
  return Error(Reason::MODEL_FAILED,
               StrCat("the model does not accept an input '", name, "' ", ToString(wanted), ": ", why));
}

// The sizes that are asked for become those of the symbols there. Dimensions without a symbol stay open for the
// library; our own signature fixes them (Narrow).
absl::Status FixSymbols(const onnx::ValueInfo& input, const Shape& wanted, ort::SessionOptions* options) {
  const std::string name(input.name);
  if (!input.has_shape) return absl::OkStatus();
  if (input.dimensions.size() != wanted.size())
    return WrongShape(name, wanted, "it has a different number of dimensions");
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto& [size, symbol] = input.dimensions[i];
    if (wanted[i] < 0 || size == wanted[i]) continue;
    if (size >= 0) {
      return WrongShape(
          name, wanted,
          StrCat("dimension ", i, " is fixed at ", size, "; \"engine: openvino\" in model.yaml can change it"));
    }
    if (symbol.empty()) continue;
    RETURN_IF_ERROR(
        LoadError(Call<ort::AddFreeDimensionOverrideByName>(options, std::string(symbol).c_str(), wanted[i])));
  }
  return absl::OkStatus();
}

absl::Status FixShapes(std::string_view model, const std::map<std::string, Shape>& reshape,
                       ort::SessionOptions* options) {
  if (reshape.empty()) return absl::OkStatus();
  onnx::ReadBudget budget;
  ASSIGN_OR_RETURN(const onnx::Model read, onnx::ReadModel(model, budget));
  const std::vector<onnx::ValueInfo>& inputs = read.graph.inputs;
  for (const auto& [name, wanted] : reshape) {
    const auto it = std::find_if(inputs.begin(), inputs.end(), [&name = name](const onnx::ValueInfo& input) {
      return name.empty() || input.name == name;
    });
    if (it == inputs.end()) return WrongShape(name, wanted, "it has no input of this name");
    RETURN_IF_ERROR(FixSymbols(*it, wanted, options));
  }
  return absl::OkStatus();
}

// The inputs take the asked shapes only, also where the library would take more.
void Narrow(const std::map<std::string, Shape>& reshape, ModelSignature& signature) {
  for (const auto& [name, wanted] : reshape) {
    for (TensorSpec& spec : signature.inputs) {
      if (!name.empty() && spec.name != name) continue;
      if (spec.any_shape) spec.shape = wanted;
      spec.any_shape = false;
      for (size_t i = 0; i < wanted.size() && i < spec.shape.size(); ++i) {
        if (wanted[i] >= 0) spec.shape[i] = wanted[i];
      }
      break;
    }
  }
}

// Weights beside the model's file. The library copies them.
absl::Status GiveWeights(const ModelFiles& files, ort::SessionOptions* options) {
  std::vector<const char*> names;
  std::vector<char*> buffers;
  std::vector<size_t> sizes;
  for (size_t i = 1; i < files.files().size(); ++i) {
    const ModelFiles::File& file = files.files()[i];
    names.push_back(file.name.c_str());
    buffers.push_back(const_cast<char*>(file.bytes.data()));
    sizes.push_back(file.bytes.size());
  }
  if (names.empty()) return absl::OkStatus();
  return LoadError(
      Call<ort::AddExternalInitializersFromMemory>(options, names.data(), buffers.data(), sizes.data(), names.size()));
}

absl::StatusOr<ort::Owned<ort::SessionOptions>> MakeOptions(const ModelFiles& files, const LoadOptions& load) {
  ASSIGN_OR_RETURN(ort::Owned<ort::SessionOptions> options, ort::MakeSessionOptions(load.threads_per_inference));
  RETURN_IF_ERROR(FixShapes(files.main().bytes, load.reshape, options.get()));
  RETURN_IF_ERROR(GiveWeights(files, options.get()));
  return options;
}

class OnnxRuntimeModel final : public LoadedModel {
 public:
  OnnxRuntimeModel(std::shared_ptr<const ort::Shared> shared, std::shared_ptr<const ModelFiles> files,
                   const LoadOptions& options)
      : shared_(std::move(shared)), files_(std::move(files)), options_(options) {}

  static absl::StatusOr<std::shared_ptr<LoadedModel>> Make(const ort::Library& library,
                                                           std::shared_ptr<const ModelFiles> files,
                                                           const LoadOptions& options) {
    const auto guards = onnx::FindHazards(files->main().bytes);
    if (!guards.ok()) {
      const auto why = guards.status().message();
      return Error(Reason::MODEL_FAILED, StrCat("ONNX Runtime cannot serve this model safely: ", why));
    }
    std::string guarded;
    if (!guards->empty()) guarded = onnx::WithGuards(files->main().bytes, *guards);
    ASSIGN_OR_RETURN(const auto session_options, MakeOptions(*files, options));
    auto shared = std::make_shared<ort::Shared>();
    shared->name = options.name;
    shared->library = &library;
    shared->trusted_inputs = options.trusted_inputs;
    const std::string_view bytes = guarded.empty() ? files->main().bytes : std::string_view(guarded);
    RETURN_IF_ERROR(LoadError(Call<ort::CreateSessionFromArray>(library.env(), bytes.data(), bytes.size(),
                                                                session_options.get(), ort::Out(shared->session))));
    guarded = std::string();
    ASSIGN_OR_RETURN(shared->signature, ort::SignatureOf(library, shared->session.get()));
    Narrow(options.reshape, shared->signature);
    {
      ASSIGN_OR_RETURN(const auto first, ort::OrtSession::Make(shared));
      WarmUp(shared->signature, *first);
    }
    // A model whose shape was asked for may be asked for another (Reshaped); others need their files no more.
    if (options.reshape.empty()) files.reset();
    return std::make_shared<OnnxRuntimeModel>(std::move(shared), std::move(files), options);
  }

  const ModelSignature& signature() const override { return shared_->signature; }

  absl::StatusOr<std::unique_ptr<Session>> NewSession() override { return ort::OrtSession::Make(shared_); }

  absl::StatusOr<std::shared_ptr<LoadedModel>> Reshaped(const Shape& input) const override {
    if (files_ == nullptr) return LoadedModel::Reshaped(input);
    LoadOptions options = options_;
    options.reshape = {{"", input}};
    return Make(*shared_->library, files_, options);
  }

 private:
  const std::shared_ptr<const ort::Shared> shared_;
  const std::shared_ptr<const ModelFiles> files_;
  const LoadOptions options_;
};

class OnnxRuntimeEngine final : public Engine {
 public:
  explicit OnnxRuntimeEngine(const OnnxRuntimeOptions& options) : options_(options) {}

  std::string_view name() const override { return "onnxruntime"; }
  std::string version() const override {
    const auto library = Open();
    return library.ok() ? (*library)->version() : std::string();
  }
  absl::Status Available() const override { return Open().status(); }
  bool CanLoad(ModelFormat format) const override { return format == ModelFormat::kOnnx; }
  absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> files,
                                                    const LoadOptions& options) override {
    ASSIGN_OR_RETURN(const ort::Library* const library, Open());
    auto model = OnnxRuntimeModel::Make(*library, std::move(files), options);
    if (!model.ok())
      LogWarning("engine.load_failed",
                 {{"engine", name()}, {"model", options.name}, {"error", ToStd(model.status().message())}});
    return model;
  }

 private:
  absl::StatusOr<const ort::Library*> Open() const { return ort::Library::Get(options_.run_bytes_max); }

  const OnnxRuntimeOptions options_;
};

}  // namespace

std::unique_ptr<Engine> MakeOnnxRuntimeEngine(const OnnxRuntimeOptions& options) {
  return std::make_unique<OnnxRuntimeEngine>(options);
}

}  // namespace sluice
