#include "api/open_inference/models.h"

#include <chrono>

#include "base/error.h"
#include "base/strings.h"
#include "pipeline/tensor/tensors.h"

namespace sluice {
namespace {

using inference::StatisticDuration;

void SetTensor(const TensorSpec& spec, inference::ModelMetadataResponse::TensorMetadata& out) {
  out.set_name(spec.name);
  out.set_datatype(std::string(NameOf(spec.dtype)));
  out.mutable_shape()->Add(spec.shape.begin(), spec.shape.end());
}

inference::DataType ConfigType(DType dtype) {
  if (dtype == DType::kBytes) return inference::TYPE_STRING;
  inference::DataType type = inference::TYPE_INVALID;
  inference::DataType_Parse(StrCat("TYPE_", NameOf(dtype)), &type);
  return type;
}

template <typename Port>
void SetPort(const TensorSpec& spec, Port& out) {
  out.set_name(spec.name);
  out.set_data_type(ConfigType(spec.dtype));
  out.mutable_dims()->Add(spec.shape.begin(), spec.shape.end());
}

void SetDuration(const UseStatistics::Sum& sum, StatisticDuration& out) {
  out.set_count(sum.count);
  out.set_ns(sum.ns);
}

void SetStatistics(const ModelVersion& version, inference::ModelStatistics& out) {
  const UseStatistics::Numbers numbers = ModelCatalog::StatisticsOf(version);
  out.set_name(version.id());
  out.set_version(version.version());
  if (numbers.success.count > 0) {
    const auto since = numbers.last.time_since_epoch();
    out.set_last_inference(static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count()));
  }
  out.set_inference_count(numbers.success.count);
  out.set_execution_count(numbers.success.count);
  auto& all = *out.mutable_inference_stats();
  SetDuration(numbers.success, *all.mutable_success());
  SetDuration(numbers.fail, *all.mutable_fail());
  SetDuration(numbers.queue, *all.mutable_queue());
  SetDuration(numbers.decode, *all.mutable_compute_input());
  SetDuration(numbers.infer, *all.mutable_compute_infer());
  SetDuration(numbers.post, *all.mutable_compute_output());
  all.mutable_cache_hit();
  all.mutable_cache_miss();
  if (numbers.success.count == 0) return;
  auto& batch = *out.add_batch_stats();  // requests are run one by one
  batch.set_batch_size(1);
  SetDuration(numbers.decode, *batch.mutable_compute_input());
  SetDuration(numbers.infer, *batch.mutable_compute_infer());
  SetDuration(numbers.post, *batch.mutable_compute_output());
}

}  // namespace

absl::StatusOr<inference::ModelMetadataResponse> ModelMetadata(const ModelCatalog& catalog, std::string_view name,
                                                               std::string_view version) {
  ASSIGN_OR_RETURN(const ModelHandle model, catalog.Resolve(name, version));
  inference::ModelMetadataResponse out;
  out.set_name(model->id());
  out.set_platform(model->engine());
  for (const ModelInfo& info : catalog.List()) {
    if (info.id == model->id() && info.state == ModelState::kServing) out.add_versions(info.version);
  }
  for (const TensorSpec& spec : model->signature().inputs) SetTensor(spec, *out.add_inputs());
  for (const TensorSpec& spec : model->signature().outputs) SetTensor(spec, *out.add_outputs());
  return out;
}

absl::StatusOr<inference::ModelConfigResponse> ModelConfig(const ModelCatalog& catalog, std::string_view name,
                                                           std::string_view version) {
  ASSIGN_OR_RETURN(const ModelHandle model, catalog.Resolve(name, version));
  inference::ModelConfigResponse response;
  auto& out = *response.mutable_config();
  out.set_name(model->id());
  out.set_platform(model->engine());
  out.set_backend(model->engine());
  for (const TensorSpec& spec : model->signature().inputs) SetPort(spec, *out.add_input());
  for (const TensorSpec& spec : model->signature().outputs) SetPort(spec, *out.add_output());
  return response;
}

absl::StatusOr<inference::ModelStatisticsResponse> ModelStatistics(const ModelCatalog& catalog, std::string_view name,
                                                                   std::string_view version) {
  std::string id;
  if (!name.empty()) {
    ASSIGN_OR_RETURN(const ModelHandle model, catalog.Resolve(name, version));
    id = model->id();
  }
  inference::ModelStatisticsResponse out;
  for (const ModelInfo& info : catalog.List()) {
    const bool wanted = (id.empty() || info.id == id) && (version.empty() || info.version == version);
    if (wanted && info.handle != nullptr && info.alias_of.empty()) SetStatistics(*info.handle, *out.add_model_stats());
  }
  return out;
}

inference::RepositoryIndexResponse RepositoryIndex(const ModelCatalog& catalog, bool only_ready) {
  inference::RepositoryIndexResponse out;
  for (const ModelInfo& info : catalog.List()) {
    const bool ready = info.state == ModelState::kServing;
    if (only_ready && !ready) continue;
    auto& line = *out.add_models();
    line.set_name(info.id);
    line.set_version(info.version);
    line.set_state(ready ? "READY" : "UNAVAILABLE");
    line.set_reason(info.reason);
  }
  return out;
}

}  // namespace sluice
