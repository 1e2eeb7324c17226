#include "transport/http/gate.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/error.h"
#include "base/strings.h"
#include "transport/http/forwarded.h"

namespace sluice::http {
namespace {

// "example.com:80" -> "example.com"; "[::1]:80" -> "[::1]".
std::string_view HostOf(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') {
    const size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool HostMatches(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return true;
  if (pattern.substr(0, 2) == "*.") return absl::EndsWithIgnoreCase(ToAbsl(host), ToAbsl(pattern.substr(1)));
  return absl::EqualsIgnoreCase(ToAbsl(host), ToAbsl(pattern));
}

bool IsThisMachine(std::string_view host) {
  if (absl::EqualsIgnoreCase(ToAbsl(host), "localhost")) return true;
  const auto ip = ParseIp(host);
  return ip && IsLoopback(*ip);
}

bool HostAllowed(std::string_view authority, const GateRules& rules) {
  // HTTP/1.0 health checks send none; a browser always does.
  if (authority.empty()) return true;
  const std::string_view host = HostOf(authority);
  if (rules.loopback && IsThisMachine(host)) return true;
  if (!rules.loopback && rules.allowed_hosts.empty()) return true;
  return std::any_of(rules.allowed_hosts.begin(), rules.allowed_hosts.end(),
                     [host](const std::string& pattern) { return HostMatches(pattern, host); });
}

std::string_view WithoutDefaultPort(std::string_view authority) {
  for (const std::string_view port : {":80", ":443"}) {
    if (authority.size() > port.size() && authority.substr(authority.size() - port.size()) == port) {
      return authority.substr(0, authority.size() - port.size());
    }
  }
  return authority;
}

bool OriginAllowed(const RequestHead& head, const GateRules& rules) {
  for (size_t i = 0; i < head.headers.size(); ++i) {
    const Headers::Field field = head.headers[i];
    if (field.name != "origin" || IsSameOrigin(field.value, head.authority)) continue;
    const auto matches = [&field](const std::string& allowed) {
      return allowed == "*" || absl::EqualsIgnoreCase(allowed, ToAbsl(field.value));
    };
    if (!std::any_of(rules.allowed_origins.begin(), rules.allowed_origins.end(), matches)) return false;
  }
  return true;
}

}  // namespace

bool IsSameOrigin(std::string_view origin, std::string_view authority) {
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  return absl::EqualsIgnoreCase(ToAbsl(WithoutDefaultPort(origin.substr(scheme + 3))),
                                ToAbsl(WithoutDefaultPort(authority)));
}

absl::Status CheckGate(const RequestHead& head, const GateRules& rules) {
  if (!HostAllowed(head.authority, rules)) {
    return Error(Reason::HOST_NOT_ALLOWED,
                 "this server does not serve the request's host; add it to the listener's allowed_hosts");
  }
  if (!OriginAllowed(head, rules)) {
    return Error(Reason::ORIGIN_NOT_ALLOWED,
                 "web pages of this origin may not call this server; add it to the listener's allowed_origins");
  }
  return absl::OkStatus();
}

}  // namespace sluice::http
