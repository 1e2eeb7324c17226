#include "door/http_options.h"

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

http::Limits LimitsOf(const ai::inference::config::Http& http) {
  return {.connections_max = http.connections_max(),
          .streams_max = http.streams_max(),
          .header_bytes_max = http.header_bytes_max(),
          .headers_max = http.headers_max(),
          .body_bytes_max = http.body_bytes_max(),
          .inflight_bytes_max = http.inflight_bytes_max(),
          .response_buffer_bytes = http.response_buffer_bytes(),
          .h2_stream_window = http.h2_stream_window(),
          .h2_connection_window = http.h2_connection_window(),
          .h2_frame_bytes_max = http.h2_frame_bytes_max(),
          .head_timeout = milliseconds(http.head_timeout_ms()),
          .body_idle_timeout = milliseconds(http.body_idle_timeout_ms()),
          .write_idle_timeout = milliseconds(http.write_idle_timeout_ms()),
          .keep_alive = milliseconds(http.keep_alive_ms()),
          .ping_interval = milliseconds(http.ping_interval_ms()),
          .ping_timeout = milliseconds(http.ping_timeout_ms()),
          .connection_age_max = milliseconds(http.connection_age_max_ms()),
          .connection_age_grace = milliseconds(http.connection_age_grace_ms()),
          .resets_per_second_max = http.resets_per_second_max(),
          .control_frames_per_second_max = http.control_frames_per_second_max()};
}

absl::StatusOr<std::optional<uint32_t>> ExposedOf(const ai::inference::config::Listener& listener) {
  if (listener.expose().empty()) return std::nullopt;
  uint32_t bits = 0;
  for (const std::string& name : listener.expose()) {
    if (name == "api")
      bits |= http::kExposeApi;
    else if (name == "admin")
      bits |= http::kExposeAdmin;
    else if (name == "metrics")
      bits |= http::kExposeMetrics;
    else if (name == "console")
      bits |= http::kExposeConsole;
    else
      return Error(Reason::INVALID_REQUEST, StrCat("listener ", listener.address(), ": expose '", name,
                                                   "' is not one of api, admin, metrics, console"));
  }
  return bits;
}

absl::StatusOr<http::ListenerOptions> ListenerOf(const ai::inference::config::Listener& listener) {
  http::ListenerOptions out{.address = listener.address(),
                            .allowed_hosts = {listener.allowed_hosts().begin(), listener.allowed_hosts().end()},
                            .allowed_origins = {listener.allowed_origins().begin(), listener.allowed_origins().end()}};
  ASSIGN_OR_RETURN(out.exposed, ExposedOf(listener));
  out.open_admin = listener.auth() == ai::inference::config::Listener::NONE;
  out.proxy_protocol = listener.proxy_protocol();
  if (listener.has_tls()) {
    out.tls = http::TlsOptions{.certificate_file = listener.tls().certificate(),
                               .key_file = listener.tls().key(),
                               .client_ca_file = listener.tls().client_ca()};
  }
  return out;
}

}  // namespace

absl::StatusOr<http::ServerOptions> HttpOptionsOf(const ai::inference::config::Server& options) {
  http::ServerOptions out{.limits = LimitsOf(options.http()),
                          .trusted_proxies = {options.trusted_proxies().begin(), options.trusted_proxies().end()}};
  const auto& cors = options.cors();
  out.cors = {.allowed_headers = {cors.allowed_headers().begin(), cors.allowed_headers().end()},
              .exposed_headers = {cors.exposed_headers().begin(), cors.exposed_headers().end()},
              .max_age_s = cors.max_age_s(),
              .credentials = cors.allow_credentials()};
  for (const auto& listener : options.listeners()) {
    ASSIGN_OR_RETURN(auto one, ListenerOf(listener));
    out.listeners.push_back(std::move(one));
  }
  return out;
}

transport::Options TransportOptionsOf(const ai::inference::config::Server& options) {
  const auto& streams = options.streams();
  return {.message_bytes_max = options.http().body_bytes_max(),
          .response_buffer_bytes = options.http().response_buffer_bytes(),
          .stream_idle = milliseconds(streams.idle_ms()),
          .heartbeat = milliseconds(streams.heartbeat_ms()),
          .websocket_ping = milliseconds(streams.websocket_ping_ms()),
          .websocket_pong = milliseconds(streams.websocket_pong_ms()),
          .websocket_idle = milliseconds(streams.websocket_idle_ms())};
}

}  // namespace sluice
