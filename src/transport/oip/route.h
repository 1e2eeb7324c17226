// Which method of the protocol a request's verb and path name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice::oip {

enum class Operation : uint8_t {
  kServerLive,        // GET  /v2/health/live
  kServerReady,       // GET  /v2/health/ready
  kServerMetadata,    // GET  /v2
  kModelMetadata,     // GET  /v2/models/{m}[/versions/{v}]
  kModelReady,        // GET  /v2/models/{m}[/versions/{v}]/ready
  kModelConfig,       // GET  /v2/models/{m}[/versions/{v}]/config
  kModelStatistics,   // GET  /v2/models/stats, /v2/models/{m}[/versions/{v}]/stats
  kModelInfer,        // POST /v2/models/{m}[/versions/{v}]/infer
  kRepositoryIndex,   // POST /v2/repository/index
  kRepositoryLoad,    // POST /v2/repository/models/{m}/load
  kRepositoryUnload,  // POST /v2/repository/models/{m}/unload
};
inline constexpr size_t kOperations = 11;

// The rpc of inference.GRPCInferenceService, and its verb ("GET").
std::string_view MethodName(Operation operation);
std::string_view VerbOf(Operation operation);

// Every path that there is, for documents: "/v2/models/{model_name}/infer". MatchRoute is what decides.
struct PathOfOperation {
  std::string_view path;
  Operation operation;
};
std::span<const PathOfOperation> Paths();

struct Route {
  Operation operation = Operation::kServerLive;
  std::string model;    // percent-decoded; empty where the path has none
  std::string version;  // likewise
};

// "/v2" and everything below.
bool IsOipPath(std::string_view path);

// `path` is percent-encoded, without the query. METHOD_NOT_FOUND; VERB_NOT_ALLOWED, and then `allow` is the verb that
// is.
absl::Status MatchRoute(std::string_view verb, std::string_view path, Route& route, std::string& allow);

}  // namespace sluice::oip
