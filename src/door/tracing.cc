#include "door/tracing.h"

#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "base/trace/http_post.h"
#include "base/trace/spans.h"
#include "transport/gzip.h"

namespace sluice {
namespace {

using ai::inference::config::Tracing;

// One protocol: where it goes unless the endpoint says so, and how it is written.
struct Form {
  const char *host, *port, *path, *content_type;
  std::string (*encode)(std::span<const CallRecordPtr>, const Resource&);
};
constexpr Form kOtlp = {"http://127.0.0.1", "4318", "/v1/traces", "application/x-protobuf", ToOtlp};
constexpr Form kZipkin = {"http://127.0.0.1", "9411", "/api/v2/spans", "application/json", ToZipkin};

Resource ResourceOf(const Tracing& options) {
  Resource resource = {{"service.name", options.service_name()}, {"service.version", SLUICE_VERSION}};
  for (const std::string& attribute : options.resource_attributes()) {
    const size_t equals = attribute.find('=');
    resource.emplace_back(attribute.substr(0, equals), attribute.substr(equals + 1));
  }
  return resource;
}

SendResult ResultOf(const absl::StatusOr<int>& status) {
  if (!status.ok() || *status == 408 || *status == 429 || *status == 502 || *status == 503 || *status == 504) {
    return SendResult::kTryAgain;
  }
  return *status >= 200 && *status < 300 ? SendResult::kSent : SendResult::kRefused;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceExporter>> MakeTraceExporter(const Tracing& options, const Random& random) {
  if (options.exporter() == Tracing::OFF) return nullptr;
  const Form& form = options.exporter() == Tracing::OTLP ? kOtlp : kZipkin;
  const auto target =
      ParseHttpTarget(options.endpoint().empty() ? form.host : options.endpoint(), form.port, form.path);
  if (!target.ok()) return Error(Reason::INVALID_REQUEST, StrCat("tracing.endpoint ", target.status().message()));
  const std::string headers =
      StrCat("Content-Type: ", form.content_type, "\r\nContent-Encoding: gzip\r\nUser-Agent: ",
             options.exporter() == Tracing::OTLP ? "OTel-OTLP-Exporter-Sluice/" : "sluice/", SLUICE_VERSION, "\r\n");
  const auto timeout = std::chrono::milliseconds(options.timeout_ms());
  auto send = [&form, target = *target, headers, timeout, resource = ResourceOf(options)](
                  std::span<const CallRecordPtr> calls, const std::function<bool()>& stop) {
    std::string body;
    transport::Deflate(form.encode(calls, resource), body);
    return ResultOf(HttpPost(target, headers, body, timeout, stop));
  };
  return std::make_unique<TraceExporter>(
      TraceExporter::Options{.interval = std::chrono::milliseconds(options.interval_ms())}, std::move(send), random);
}

}  // namespace sluice
