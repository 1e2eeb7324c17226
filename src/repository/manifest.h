// model.yaml, typed. The fields and their meaning: proto/ai/inference/config/model.proto.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ai/inference/config/model.pb.h"

namespace sluice {

namespace config = ai::inference::config;
using Manifest = config::Model;

// Every field at its default, id empty.
const Manifest& DefaultManifest();

// `text` over the defaults. `folder` is the model's folder name: the default of `id`, and what `id` must equal. Errors
// read "file:line: what is wrong". `file` is only for them.
absl::StatusOr<Manifest> ParseManifest(std::string_view text, std::string_view file, std::string_view folder);

absl::StatusOr<Manifest> ReadManifest(const std::string& file, std::string_view folder);

}  // namespace sluice
