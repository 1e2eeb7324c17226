// YAML into a protobuf message, by reflection: keys are field names, enum values are their names in lower case.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace sluice {

// Lays `text` over `message`: messages merge, scalars and lists replace. Checks types and the (range) and (elements)
// options of proto/ai/inference/config/options.proto. Errors are "file:line: ..." and name the valid keys or values;
// `message` is then partly changed. An empty document changes nothing.
absl::Status MergeYaml(std::string_view text, std::string_view file, google::protobuf::Message& message);

// The same for a file that is one JSON list of messages, in which // comments are allowed: appends to `list`, a
// repeated field of `message`. Keys are the fields' names in JSON ("timeWindow"). A field with the option (source_line)
// gets the line on which its message begins.
absl::Status MergeJsonList(std::string_view text, std::string_view file, std::string_view list,
                           google::protobuf::Message& message);

}  // namespace sluice
