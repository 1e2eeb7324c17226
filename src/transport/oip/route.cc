#include "transport/oip/route.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/path_template.h"

namespace sluice::oip {
namespace {

using Segments = std::vector<std::string>;

struct Row {
  std::string_view verb;
  std::string_view method;
};

// In the order of Operation.
constexpr std::array<Row, kOperations> kRows = {{{"GET", "ServerLive"},
                                                 {"GET", "ServerReady"},
                                                 {"GET", "ServerMetadata"},
                                                 {"GET", "ModelMetadata"},
                                                 {"GET", "ModelReady"},
                                                 {"GET", "ModelConfig"},
                                                 {"GET", "ModelStatistics"},
                                                 {"POST", "ModelInfer"},
                                                 {"POST", "RepositoryIndex"},
                                                 {"POST", "RepositoryModelLoad"},
                                                 {"POST", "RepositoryModelUnload"}}};

constexpr PathOfOperation kPaths[] = {
    {"/v2", Operation::kServerMetadata},
    {"/v2/health/live", Operation::kServerLive},
    {"/v2/health/ready", Operation::kServerReady},
    {"/v2/models/stats", Operation::kModelStatistics},
    {"/v2/models/{model_name}", Operation::kModelMetadata},
    {"/v2/models/{model_name}/ready", Operation::kModelReady},
    {"/v2/models/{model_name}/config", Operation::kModelConfig},
    {"/v2/models/{model_name}/stats", Operation::kModelStatistics},
    {"/v2/models/{model_name}/infer", Operation::kModelInfer},
    {"/v2/models/{model_name}/versions/{model_version}", Operation::kModelMetadata},
    {"/v2/models/{model_name}/versions/{model_version}/ready", Operation::kModelReady},
    {"/v2/models/{model_name}/versions/{model_version}/config", Operation::kModelConfig},
    {"/v2/models/{model_name}/versions/{model_version}/stats", Operation::kModelStatistics},
    {"/v2/models/{model_name}/versions/{model_version}/infer", Operation::kModelInfer},
    {"/v2/repository/index", Operation::kRepositoryIndex},
    {"/v2/repository/models/{model_name}/unload", Operation::kRepositoryUnload},
    {"/v2/repository/models/{model_name}/load", Operation::kRepositoryLoad},
};

const Row& RowOf(Operation operation) { return kRows[static_cast<size_t>(operation)]; }

std::optional<Segments> Split(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = std::min(path.find('/'), path.size());
    auto segment = PercentDecode(path.substr(0, end));
    if (!segment || segments.size() == 8) return std::nullopt;
    segments.push_back(*std::move(segment));
    path.remove_prefix(end);
  }
  return segments;
}

std::optional<Operation> ModelOperation(const Segments& s, size_t at) {
  if (at == s.size()) return Operation::kModelMetadata;
  if (at + 1 != s.size()) return std::nullopt;
  if (s[at] == "infer") return Operation::kModelInfer;
  if (s[at] == "ready") return Operation::kModelReady;
  if (s[at] == "stats") return Operation::kModelStatistics;
  if (s[at] == "config") return Operation::kModelConfig;
  return std::nullopt;
}

// `s` begins with "v2".
std::optional<Operation> Find(const Segments& s, Route& route) {
  if (s.size() == 1) return Operation::kServerMetadata;
  if (s.size() == 3 && s[1] == "health") {
    if (s[2] == "live") return Operation::kServerLive;
    if (s[2] == "ready") return Operation::kServerReady;
  }
  if (s.size() == 3 && s[1] == "models" && s[2] == "stats") return Operation::kModelStatistics;
  if (s.size() >= 3 && s[1] == "models" && !s[2].empty()) {
    route.model = s[2];
    const bool versioned = s.size() >= 5 && s[3] == "versions" && !s[4].empty();
    if (versioned) route.version = s[4];
    return ModelOperation(s, versioned ? 5 : 3);
  }
  if (s.size() == 3 && s[1] == "repository" && s[2] == "index") return Operation::kRepositoryIndex;
  if (s.size() == 5 && s[1] == "repository" && s[2] == "models" && !s[3].empty()) {
    route.model = s[3];
    if (s[4] == "load") return Operation::kRepositoryLoad;
    if (s[4] == "unload") return Operation::kRepositoryUnload;
  }
  return std::nullopt;
}

}  // namespace

std::string_view MethodName(Operation operation) { return RowOf(operation).method; }

std::string_view VerbOf(Operation operation) { return RowOf(operation).verb; }

std::span<const PathOfOperation> Paths() { return kPaths; }

bool IsOipPath(std::string_view path) { return path == "/v2" || path.starts_with("/v2/"); }

absl::Status MatchRoute(std::string_view verb, std::string_view path, Route& route, std::string& allow) {
  const auto segments = Split(path);
  const auto operation = segments && !segments->empty() ? Find(*segments, route) : std::nullopt;
  if (!operation) {
    return Error(Reason::METHOD_NOT_FOUND,
                 "no such path in the Open Inference Protocol; use /v2, /v2/health/live, /v2/health/ready, "
                 "/v2/models/NAME[/versions/VERSION][/ready|/infer|/stats|/config] and /v2/repository/index");
  }
  route.operation = *operation;
  if (verb == RowOf(*operation).verb) return absl::OkStatus();
  allow = RowOf(*operation).verb;
  return Error(Reason::VERB_NOT_ALLOWED, StrCat("this path supports ", allow, ", not ", Excerpt(verb, 20)));
}

}  // namespace sluice::oip
