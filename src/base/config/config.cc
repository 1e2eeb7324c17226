#include "base/config/config.h"

#include <cstdlib>

#include "base/config/collector_headers.h"
#include "base/config/defaults.h"
#include "base/config/file.h"
#include "base/config/installation.h"
#include "base/config/otel_environment.h"
#include "base/config/watched_files.h"
#include "base/config/yaml_proto.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

// What ranges cannot say.
absl::Status Check(const config::Server& server, std::string_view file) {
  const auto wrong = [file](std::string_view what) { return absl::InvalidArgumentError(StrCat(file, ": ", what)); };
  if (server.listeners().empty()) return wrong("listeners is empty; the server needs at least one address");
  for (int i = 0; i < server.listeners_size(); ++i) {
    const config::Listener& listener = server.listeners(i);
    if (listener.address().empty())
      return wrong(StrCat("listeners[", i, "].address is missing; for example 127.0.0.1:8000"));
    if (listener.has_tls() && (listener.tls().certificate().empty() || listener.tls().key().empty())) {
      return wrong(StrCat("listeners[", i, "].tls needs both certificate and key"));
    }
    for (const std::string& part : listener.expose()) {
      if (part != "api" && part != "admin" && part != "metrics" && part != "console") {
        return wrong(StrCat("listeners[", i, "].expose must be one of api, admin, metrics, console, not '", part, "'"));
      }
    }
  }
  for (const std::string& attribute : server.tracing().resource_attributes()) {
    if (attribute.find('=') == std::string::npos) {
      return wrong(StrCat("tracing.resource_attributes: '", attribute, "' is not name=value"));
    }
  }
  for (int i = 0; i < server.tracing().headers_size(); ++i) {
    if (const absl::Status header = CheckCollectorHeader(server.tracing().headers(i)); !header.ok()) {
      return wrong(StrCat("tracing.headers[", i, "] ", header.message()));
    }
  }
  if (server.tracing().certificate().empty() != server.tracing().key().empty()) {
    return wrong("tracing needs both certificate and key, or neither");
  }
  if (server.deadlines().default_ms() > server.deadlines().max_ms()) {
    return wrong("deadlines.default_ms is greater than deadlines.max_ms");
  }
  return absl::OkStatus();
}

}  // namespace

config::Server DefaultConfig() {
  config::Server server;
  const absl::Status status = MergeYaml(kDefaultConfigYaml, "defaults.yaml", server);
  if (!status.ok()) std::abort();  // built in, and tested
  return server;
}

absl::StatusOr<config::Server> ParseConfig(std::string_view text, std::string_view file) {
  config::Server server = DefaultConfig();
  const auto environment = [](const char* name) { return std::getenv(name); };
  RETURN_IF_ERROR(ApplyOtelEnvironment(environment, *server.mutable_tracing()));
  RETURN_IF_ERROR(MergeYaml(text, file, server));
  RETURN_IF_ERROR(CheckOtlpProtocol(environment, server.tracing()));
  RETURN_IF_ERROR(Check(server, file));
  return server;
}

absl::StatusOr<config::Server> LoadConfig(const std::string& path, Pipes pipes) {
  std::string text;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(text, ReadFile(path, kFileBytesMax, pipes));
  }
  ASSIGN_OR_RETURN(config::Server server, ParseConfig(text, path.empty() ? "defaults" : path));
  if (server.models().root() == DefaultConfig().models().root()) server.mutable_models()->set_root(DefaultModels());
  return server;
}

uint64_t HashOfConfig(const config::Server& server) {
  config::Server shared = server;
  for (config::Listener& listener : *shared.mutable_listeners()) listener.clear_address();
  shared.mutable_tracing()->clear_resource_attributes();
  return HashOf(shared.SerializeAsString());
}

}  // namespace sluice
