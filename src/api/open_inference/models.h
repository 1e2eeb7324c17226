// What the protocol says of models, as messages.
#pragma once

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "pipeline/catalog.h"

namespace sluice {

// Errors: MODEL_NOT_FOUND, MODEL_UNAVAILABLE.
absl::StatusOr<inference::ModelMetadataResponse> ModelMetadata(const ModelCatalog& catalog, std::string_view name,
                                                               std::string_view version);
absl::StatusOr<inference::ModelConfigResponse> ModelConfig(const ModelCatalog& catalog, std::string_view name,
                                                           std::string_view version);
// An empty name means all models, an empty version all versions.
absl::StatusOr<inference::ModelStatisticsResponse> ModelStatistics(const ModelCatalog& catalog, std::string_view name,
                                                                   std::string_view version);
inference::RepositoryIndexResponse RepositoryIndex(const ModelCatalog& catalog, bool only_ready);

}  // namespace sluice
