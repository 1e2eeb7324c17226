#include "engine/identity/identity_engine.h"

#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/check.h"
#include "engine/shape.h"

namespace sluice {
namespace {

// What an input without a written type is taken for.
TensorSpec Anything(std::string name) { return {std::move(name), DType::kFp32, {-1}, /*any=*/true}; }

class IdentitySession final : public Session {
 public:
  explicit IdentitySession(const ModelSignature& signature) : signature_(signature) {}

  absl::StatusOr<void*> InputBuffer(size_t index, const Shape& shape) override {
    if (index != 0) return Error(Reason::INTERNAL, "no such input");
    RETURN_IF_ERROR(CheckShape(signature_.inputs[0], shape));
    const size_t bytes = static_cast<size_t>(*ElementsOf(shape)) * sizeof(float);
    buffer_.resize(bytes);
    tensor_ = TensorView{signature_.outputs[0].name, DType::kFp32, shape, buffer_.data(), bytes};
    return buffer_.data();
  }
  absl::Status SetInput(size_t index, const TensorView& tensor) override {
    if (index != 0) return Error(Reason::INTERNAL, "no such input");
    RETURN_IF_ERROR(CheckInput(signature_.inputs[0], tensor));
    tensor_ = tensor;
    tensor_->name = signature_.outputs[0].name;
    return absl::OkStatus();
  }
  absl::Status Run(std::stop_token /*stop*/) override {
    if (!tensor_) return FieldError(Reason::INVALID_REQUEST, "input", "input 'input' is missing");
    return absl::OkStatus();
  }
  absl::StatusOr<TensorView> Output(size_t index) override {
    if (index != 0 || !tensor_) return Error(Reason::INTERNAL, "no such output");
    return *tensor_;
  }

 private:
  const ModelSignature signature_;
  std::vector<uint8_t> buffer_;
  std::optional<TensorView> tensor_;
};

class IdentityModel final : public LoadedModel {
 public:
  const ModelSignature& signature() const override { return signature_; }
  absl::StatusOr<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<IdentitySession>(signature_);
  }

 private:
  const ModelSignature signature_{{Anything("input")}, {Anything("output")}};
};

class IdentityEngine final : public Engine {
 public:
  std::string_view name() const override { return "identity"; }
  bool needs_file() const override { return false; }
  bool CanLoad(ModelFormat /*format*/) const override { return false; }
  absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> /*files*/,
                                                    const LoadOptions& /*options*/) override {
    return std::make_shared<IdentityModel>();
  }
};

}  // namespace

std::unique_ptr<Engine> MakeIdentityEngine() { return std::make_unique<IdentityEngine>(); }

}  // namespace sluice
