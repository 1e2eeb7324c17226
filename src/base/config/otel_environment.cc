#include "base/config/otel_environment.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/config/collector_headers.h"
#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"

namespace sluice {
namespace {

using ai::inference::config::Tracing;

class Environment {
 public:
  explicit Environment(const GetEnvironment& get) : get_(get) {}
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
  const GetEnvironment& get_;
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
  if (absl::EqualsIgnoreCase(environment["OTEL_SDK_DISABLED"], "true")) exporter = "none";
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

absl::Status ApplyResource(const Environment& environment, Tracing& tracing) {
  constexpr const char* kVariable = "OTEL_RESOURCE_ATTRIBUTES";
  for (const auto attribute : absl::StrSplit(environment[kVariable], ',', absl::SkipWhitespace())) {
    const std::string one(absl::StripAsciiWhitespace(attribute));
    if (one.find('=') == std::string::npos) return Wrong(kVariable, one, "name=value");
    const auto plain = PercentDecode(one);
    if (!plain) return Wrong(kVariable, one, "percent-encoded: write %25 for '%'");
    constexpr std::string_view kName = "service.name=";
    if (plain->starts_with(kName)) {
      tracing.set_service_name(plain->substr(kName.size()));
    } else {
      tracing.add_resource_attributes(*plain);
    }
  }
  if (const std::string name = environment["OTEL_SERVICE_NAME"]; !name.empty()) tracing.set_service_name(name);
  return absl::OkStatus();
}

// All samplers are parent-based here: what a caller samples is sent.
absl::Status ApplySampler(const Environment& environment, Tracing& tracing) {
  const std::string given = environment["OTEL_TRACES_SAMPLER"];
  std::string_view sampler = given;
  if (sampler.starts_with("parentbased_")) sampler.remove_prefix(12);
  if (sampler == "always_on" || sampler == "always_off") {
    tracing.set_sample_ratio(sampler == "always_on" ? 1 : 0);
    return absl::OkStatus();  // they take no argument
  }
  const std::string ratio = environment["OTEL_TRACES_SAMPLER_ARG"];
  if (sampler == "traceidratio") {
    tracing.set_sample_ratio(1);  // without an argument
  } else if (!sampler.empty()) {
    return Wrong("OTEL_TRACES_SAMPLER", given,
                 "always_on, always_off, traceidratio, or one of these after parentbased_");
  }
  double value = 0;
  if (ratio.empty()) return absl::OkStatus();
  if (!absl::SimpleAtod(ratio, &value) || !(value >= 0 && value <= 1)) {
    return Wrong("OTEL_TRACES_SAMPLER_ARG", ratio, "a number from 0 to 1");
  }
  tracing.set_sample_ratio(static_cast<float>(value));
  return absl::OkStatus();
}

absl::Status ApplyInterval(const Environment& environment, Tracing& tracing) {
  constexpr const char* kVariable = "OTEL_BSP_SCHEDULE_DELAY";
  const std::string delay = environment[kVariable];
  uint32_t ms = 0;
  if (delay.empty()) return absl::OkStatus();
  if (!absl::SimpleAtoi(delay, &ms) || ms < 100 || ms > 600'000) return Wrong(kVariable, delay, "100 to 600000 ms");
  tracing.set_interval_ms(ms);
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyOtelEnvironment(const GetEnvironment& get, Tracing& tracing) {
  const Environment environment(get);
  RETURN_IF_ERROR(ApplyExporter(environment, tracing));
  RETURN_IF_ERROR(ApplyOtlp(environment, tracing));
  RETURN_IF_ERROR(ApplyResource(environment, tracing));
  RETURN_IF_ERROR(ApplySampler(environment, tracing));
  return ApplyInterval(environment, tracing);
}

absl::Status CheckOtlpProtocol(const GetEnvironment& get, const Tracing& tracing) {
  if (tracing.exporter() != Tracing::OTLP) return absl::OkStatus();
  const auto [name, protocol] = Environment(get).OfOtlp("PROTOCOL");
  if (protocol.empty() || protocol == "http/protobuf") return absl::OkStatus();
  return Wrong(name, protocol,
               "http/protobuf, the only protocol that spans are sent by: set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to it, "
               "and the endpoint to the collector's HTTP port (4318 as a rule, not 4317)");
}

}  // namespace sluice
