// The text files that are next to a model: labels, vocabularies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "repository/model_version.h"

namespace sluice {

// The whole file that the manifest names; MODEL_UNAVAILABLE, naming it, when it is not there or no regular file of
// a bounded size.
absl::StatusOr<std::string> ReadModelFile(const ModelVersion& version, std::string_view name);

// One label per line, at least one, in UTF-8: answers are made of them.
absl::StatusOr<std::vector<std::string>> ReadLabels(const ModelVersion& version, std::string_view name);

}  // namespace sluice
