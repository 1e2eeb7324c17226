#include "base/trace_state.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {
namespace {

constexpr size_t kMembersMax = 32, kBytesMax = 512;
constexpr size_t kKeyBytesMax = 256, kTenantBytesMax = 241, kSystemBytesMax = 14, kValueBytesMax = 256;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsKeyCharacter(char c) { return IsLower(c) || IsDigit(c) || c == '_' || c == '-' || c == '*' || c == '/'; }

bool IsKeyPart(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), IsKeyCharacter);
}

// "system", or "tenant@system", whose tenant may begin with a digit.
bool IsKey(std::string_view key) {
  const size_t at = key.find('@');
  if (at == std::string_view::npos) return IsKeyPart(key, kKeyBytesMax) && IsLower(key.front());
  const std::string_view tenant = key.substr(0, at), system = key.substr(at + 1);
  return IsKeyPart(tenant, kTenantBytesMax) && (IsLower(tenant.front()) || IsDigit(tenant.front())) &&
         IsKeyPart(system, kSystemBytesMax) && IsLower(system.front());
}

// Its end is no blank: those are the list's.
bool IsValue(std::string_view value) {
  return !value.empty() && value.size() <= kValueBytesMax &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

std::string_view WithoutBlanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

class Members {
 public:
  // False: it is none.
  bool AddLine(std::string_view line) {
    while (!line.empty()) {
      const size_t comma = std::min(line.find(','), line.size());
      if (!Add(WithoutBlanks(line.substr(0, comma)))) return false;
      line.remove_prefix(std::min(comma + 1, line.size()));
    }
    return true;
  }
  std::string Take() { return std::move(all_); }

 private:
  bool Add(std::string_view member) {
    if (member.empty()) return true;
    const size_t equals = member.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = member.substr(0, equals);
    if (!IsKey(key) || !IsValue(member.substr(equals + 1))) return false;
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) return false;
    keys_.push_back(key);
    if (!all_.empty()) all_.push_back(',');
    all_.append(member);
    return keys_.size() <= kMembersMax && all_.size() <= kBytesMax;
  }

  std::vector<std::string_view> keys_;
  std::string all_;
};

}  // namespace

std::string TraceStateIn(const Headers& headers) {
  Members members;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].name == "tracestate" && !members.AddLine(headers[i].value)) return {};
  }
  return members.Take();
}

}  // namespace sluice
