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

}  // namespace sluice
