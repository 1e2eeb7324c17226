#include "cli/logs/line.h"

#include <google/protobuf/struct.pb.h>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "json/reader.h"

namespace sluice::cli::logs {
namespace {

Field FieldOf(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kStringValue: return {.text = value.string_value()};
    case google::protobuf::Value::kNumberValue:
      return {.text = StrCat(value.number_value()), .number = value.number_value(), .is_number = true};
    case google::protobuf::Value::kBoolValue: return {.text = value.bool_value() ? "true" : "false"};
    case google::protobuf::Value::kNullValue: return {.text = "null"};
    default: return {.text = value.ShortDebugString()};
  }
}

std::string TextOf(const Line& line, std::string_view name) {
  const auto it = line.find(name);
  return it == line.end() || it->second.text == "null" ? "-" : it->second.text;
}

// A line of the server's own log, or of the access log about itself: their fields differ.
std::string PrettyEvent(std::string_view time, const Line& line) {
  std::string out = StrCat(time, " ", TextOf(line, "event"));
  for (const auto& [name, field] : line) {
    if (name != "timestamp" && name != "event") absl::StrAppend(&out, " ", name, "=", field.text);
  }
  return out;
}

}  // namespace

Line ParseLine(std::string_view text) {
  google::protobuf::Struct object;
  Line line;
  if (!json::JsonToMessage(text, object).ok()) return line;
  for (const auto& [name, value] : object.fields()) line.emplace(name, FieldOf(value));
  return line;
}

std::string Pretty(const Line& line) {
  std::string time = TextOf(line, "timestamp");
  if (time.size() >= 23) time = time.substr(11, 12);
  if (line.contains("event")) return PrettyEvent(time, line);
  std::string method = TextOf(line, "method");
  if (const size_t dot = method.rfind('.'); dot != std::string::npos) method.erase(0, dot + 1);
  const auto latency = line.find("latency");
  std::string out = absl::StrFormat("%s %-18s %10.3f ms %-32s %-26s %-9s %s", time, TextOf(line, "code"),
                                    latency == line.end() ? 0 : latency->second.number, method,
                                    TextOf(line, "model_id"), TextOf(line, "protocol"), TextOf(line, "request_id"));
  if (TextOf(line, "status") == "error") {
    absl::StrAppend(&out, "\n    ", TextOf(line, "reason"), " in ", TextOf(line, "ended_in"), ": ",
                    TextOf(line, "error"));
  }
  return out;
}

}  // namespace sluice::cli::logs
