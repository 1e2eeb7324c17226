#include "door/tracing.h"

#include <memory>
#include <utility>

#include "base/client_socket.h"
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
constexpr std::string_view kGrpcPort = "4317";  // of OTLP
constexpr Form kZipkin = {"http://127.0.0.1", "9411", "/api/v2/spans", "application/json", ToZipkin};

Resource ResourceOf(const Tracing& options) {
  Resource resource = {{"service.name", options.service_name()}, {"service.version", SLUICE_VERSION}};
  for (const std::string& attribute : options.resource_attributes()) {
    const size_t equals = attribute.find('=');
    resource.emplace_back(attribute.substr(0, equals), attribute.substr(equals + 1));
  }
  return resource;
}

SendOutcome OutcomeOf(const absl::StatusOr<int>& status) {
  if (!status.ok()) {
    const bool untrusted = status.status().code() == absl::StatusCode::kUnauthenticated;
    return {.result = untrusted ? SendResult::kUntrusted : SendResult::kTryAgain,
            .why = StrCat("the collector: ", status.status().message())};
  }
  if (*status >= 200 && *status < 300) return {};
  const bool later = *status == 408 || *status == 429 || *status == 502 || *status == 503 || *status == 504;
  return {.result = later ? SendResult::kTryAgain : SendResult::kRefused,
          .why = StrCat("the collector answers ", *status)};
}

std::string HeadersOf(const Form& form, const Tracing& options) {
  const bool otlp = options.exporter() == Tracing::OTLP;
  std::string headers =
      StrCat("Content-Type: ", form.content_type, "\r\nUser-Agent: ", otlp ? "OTel-OTLP-Exporter-Sluice/" : "sluice/",
             SLUICE_VERSION, "\r\n");
  if (options.gzip()) headers.append("Content-Encoding: gzip\r\n");
  if (!otlp) return headers;
  for (const std::string& header : options.headers()) {
    const size_t equals = header.find('=');
    headers.append(header, 0, equals).append(": ").append(header, equals + 1).append("\r\n");
  }
  return headers;
}

// Sends to one collector; of the exporter's thread.
class Sender {
 public:
  Sender(const Form& form, HttpTarget target, const Tracing& options)
      : form_(form),
        target_(std::move(target)),
        options_(options),
        headers_(HeadersOf(form, options)),
        resource_(ResourceOf(options)) {}

  // The error names the option.
  absl::Status Trust() {
    if (!target_.tls) return absl::OkStatus();
    auto tls = ClientTlsContext(options_.ca_file());
    if (!tls.ok()) return absl::InvalidArgumentError(StrCat("tracing.ca_file ", tls.status().message()));
    if (!options_.certificate().empty()) {
      const absl::Status shown = PresentCertificate(**tls, options_.certificate(), options_.key());
      if (!shown.ok()) return absl::InvalidArgumentError(StrCat("tracing.certificate ", shown.message()));
    }
    tls_ = *std::move(tls);
    return absl::OkStatus();
  }

  SendOutcome Send(std::span<const CallRecordPtr> calls, const std::function<bool()>& stop) {
    // The files may have changed since: they are read again after a failure.
    if (target_.tls && tls_ == nullptr) {
      if (absl::Status trust = Trust(); !trust.ok())
        return {.result = SendResult::kUntrusted, .why = std::string(trust.message())};
    }
    std::string body = form_.encode(calls, resource_);
    if (options_.gzip()) body = Compressed(body);
    const auto timeout = std::chrono::milliseconds(options_.timeout_ms());
    SendOutcome outcome = OutcomeOf(HttpPost(target_, tls_.get(), headers_, body, timeout, stop));
    if (outcome.result == SendResult::kSent) return outcome;
    tls_ = nullptr;
    if (target_.port == kGrpcPort) outcome.why += "; 4317 is a collector's port for gRPC, the one for HTTP is 4318";
    return outcome;
  }

 private:
  static std::string Compressed(const std::string& body) {
    std::string out;
    transport::Deflate(body, out);
    return out;
  }

  const Form& form_;
  const HttpTarget target_;
  const Tracing options_;
  const std::string headers_;
  const Resource resource_;
  std::shared_ptr<ssl_ctx_st> tls_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TraceExporter>> MakeTraceExporter(const Tracing& options, const Random& random) {
  if (options.exporter() == Tracing::OFF) return nullptr;
  const Form& form = options.exporter() == Tracing::OTLP ? kOtlp : kZipkin;
  const auto target =
      ParseHttpTarget(options.endpoint().empty() ? form.host : options.endpoint(), form.port, form.path);
  if (!target.ok()) return Error(Reason::INVALID_REQUEST, StrCat("tracing.endpoint ", target.status().message()));
  const auto sender = std::make_shared<Sender>(form, *target, options);
  if (absl::Status trust = sender->Trust(); !trust.ok()) return Error(Reason::INVALID_REQUEST, ToStd(trust.message()));
  auto send = [sender](std::span<const CallRecordPtr> calls, const std::function<bool()>& stop) {
    return sender->Send(calls, stop);
  };
  return std::make_unique<TraceExporter>(
      TraceExporter::Options{.interval = std::chrono::milliseconds(options.interval_ms())}, std::move(send), random);
}

}  // namespace sluice
