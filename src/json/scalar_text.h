// Scalars as text by the proto3 JSON rules, for JSON values, map keys, query parameters and path variables alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::json {

// The number grammar of RFC 8259.
bool IsJsonNumber(std::string_view text);

// Integers, also as 1e3 or 5.0 when the value is exact. Nothing else: no spaces, no '+', no leading zeros.
std::optional<int32_t> ParseInt32(std::string_view text);
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint32_t> ParseUint32(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);

// JSON numbers; out of range is nothing. NaN, Infinity and -Infinity only when `names` (they come as JSON strings).
std::optional<float> ParseFloat(std::string_view text, bool names);
std::optional<double> ParseDouble(std::string_view text, bool names);

// Shortest text that reads back to the same value; NaN and infinities as "NaN", "Infinity", "-Infinity" in quotes.
void AppendFloat(float value, std::string& out);
void AppendDouble(double value, std::string& out);
void AppendInteger(int64_t value, std::string& out);
void AppendInteger(uint64_t value, std::string& out);

// Removes the escapes of the inside of a JSON string (no quotes) and appends the result.
// Null on success; else what is wrong: "has a lone surrogate …".
const char* Unescape(std::string_view inside, std::string& out);

}  // namespace sluice::json
