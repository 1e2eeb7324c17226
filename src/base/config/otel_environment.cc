#include "base/config/otel_environment.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/config/collector_headers.h"
#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

using ai::inference::config::Tracing;

class Environment {
 public:
  explicit Environment(const std::function<const char*(const char*)>& get) : get_(get) {}
  // OTEL_EXPORTER_OTLP_TRACES_<what>, else OTEL_EXPORTER_OTLP_<what>: its name, too.
  std::pair<std::string, std::string> OfOtlp(std::string_view what) const {
    std::string name = StrCat("OTEL_EXPORTER_OTLP_TRACES_", what), value = (*this)[name.c_str()];
    if (value.empty()) value = (*this)[(name = StrCat("OTEL_EXPORTER_OTLP_", what)).c_str()];
    return {std::move(name), std::move(value)};
  }
  // Empty: not set.
  std::string operator[](const char* name) const {
    const char* const value = get_(name);
    return value == nullptr ? std::string() : std::string(absl::StripAsciiWhitespace(value));
  }

 private:
  const std::function<const char*(const char*)>& get_;
};

absl::Status Wrong(std::string_view name, std::string_view value, std::string_view wanted) {
  return absl::InvalidArgumentError(StrCat("the environment variable ", name, " is '", value, "', not ", wanted));
}

// "http://host:4318" or ".../": without the slash at its end.
std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

absl::Status ApplyExporter(const Environment& environment, Tracing& tracing) {
  const std::string base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  const std::string traces = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const std::string zipkin = environment["OTEL_EXPORTER_ZIPKIN_ENDPOINT"];
  std::string exporter = environment["OTEL_TRACES_EXPORTER"];
  if (exporter.empty()) exporter = !base.empty() || !traces.empty() ? "otlp" : !zipkin.empty() ? "zipkin" : "none";
  if (environment["OTEL_SDK_DISABLED"] == "true") exporter = "none";
  if (exporter == "none" || exporter == "console") {
    tracing.set_exporter(Tracing::OFF);
  } else if (exporter == "otlp") {
    tracing.set_exporter(Tracing::OTLP);
    if (!base.empty()) tracing.set_endpoint(WithoutSlash(base) + "/v1/traces");
    if (!traces.empty()) tracing.set_endpoint(traces);
  } else if (exporter == "zipkin") {
    tracing.set_exporter(Tracing::ZIPKIN);
    if (!zipkin.empty()) tracing.set_endpoint(zipkin);
  } else {
    return Wrong("OTEL_TRACES_EXPORTER", exporter, "otlp, zipkin or none");
  }
  return absl::OkStatus();
}

// How an OTLP collector is spoken to, wherever it is said to be.
absl::Status ApplyOtlp(const Environment& environment, Tracing& tracing) {
  const auto [headers_name, list] = environment.OfOtlp("HEADERS");
  const absl::StatusOr<std::vector<std::string>> headers = ParseCollectorHeaders(list);
  if (!headers.ok()) {  // not what it is: mostly a secret
    return absl::InvalidArgumentError(
        StrCat("the environment variable ", headers_name, " ", headers.status().message()));
  }
  for (const std::string& header : *headers) tracing.add_headers(header);
  const auto take = [&environment](const char* what, std::string& into) {
    if (std::string value = environment.OfOtlp(what).second; !value.empty()) into = std::move(value);
  };
  take("CERTIFICATE", *tracing.mutable_ca_file());
  take("CLIENT_CERTIFICATE", *tracing.mutable_certificate());
  take("CLIENT_KEY", *tracing.mutable_key());
  if (const auto [name, how] = environment.OfOtlp("COMPRESSION"); !how.empty()) {
    if (how != "gzip" && how != "none") return Wrong(name, how, "gzip or none");
    tracing.set_gzip(how == "gzip");
  }
  if (const auto [name, timeout] = environment.OfOtlp("TIMEOUT"); !timeout.empty()) {
    uint32_t ms = 0;
    if (!absl::SimpleAtoi(timeout, &ms) || ms < 100) return Wrong(name, timeout, "100 ms or more");
    tracing.set_timeout_ms(ms);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyOtelEnvironment(const std::function<const char*(const char*)>& get, Tracing& tracing) {
  const Environment environment(get);
  RETURN_IF_ERROR(ApplyExporter(environment, tracing));
  RETURN_IF_ERROR(ApplyOtlp(environment, tracing));
  for (const auto attribute : absl::StrSplit(environment["OTEL_RESOURCE_ATTRIBUTES"], ',', absl::SkipWhitespace())) {
    const std::string one(absl::StripAsciiWhitespace(attribute));
    constexpr std::string_view kName = "service.name=";
    if (one.find('=') == std::string::npos) return Wrong("OTEL_RESOURCE_ATTRIBUTES", one, "name=value");
    if (one.starts_with(kName)) {
      tracing.set_service_name(one.substr(kName.size()));
    } else {
      tracing.add_resource_attributes(one);
    }
  }
  if (const std::string name = environment["OTEL_SERVICE_NAME"]; !name.empty()) tracing.set_service_name(name);
  if (const std::string ratio = environment["OTEL_TRACES_SAMPLER_ARG"]; !ratio.empty()) {
    double value = 0;
    if (!absl::SimpleAtod(ratio, &value) || !(value >= 0 && value <= 1)) {
      return Wrong("OTEL_TRACES_SAMPLER_ARG", ratio, "a number from 0 to 1");
    }
    tracing.set_sample_ratio(static_cast<float>(value));
  }
  return absl::OkStatus();
}

}  // namespace sluice
