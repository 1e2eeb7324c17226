// The text forms of google.protobuf.Timestamp, Duration and FieldMask in proto3 JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::json {

struct SecondsNanos {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// RFC 3339, years 0001 to 9999, any offset, up to 9 digits of a second: "2026-11-23T10:42:00.5+08:00".
std::optional<SecondsNanos> ParseTimestamp(std::string_view text);
// In UTC with 0, 3, 6 or 9 digits. False when the value is outside the years 0001 to 9999 or nanos are.
bool AppendTimestamp(SecondsNanos value, std::string& out);

// "1.5s"; at most 315576000000 seconds either way.
std::optional<SecondsNanos> ParseDuration(std::string_view text);
bool AppendDuration(SecondsNanos value, std::string& out);

// "userName,photo.url" <-> user_name, photo.url. Nothing when a path has no faithful other form.
std::optional<std::vector<std::string>> ParseFieldMask(std::string_view text);
std::optional<std::string> FieldPathToJson(std::string_view path);

}  // namespace sluice::json
