// How a model's folder is meant to look, and how it nearly looks: <id>/<version>/model.onnx.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// Nothing when the name is not a version: 1, 2, 17, but not 01 or 1a.
std::optional<uint64_t> VersionNumber(const std::string& name);

// Of a version folder; empty when it has none.
std::string ModelFileIn(const std::filesystem::path& folder);

// What is in a folder, sorted, without what is hidden and lost+found; no more than `max` of it. NOT_FOUND when it
// cannot be listed.
absl::StatusOr<std::vector<std::filesystem::path>> EntriesIn(const std::filesystem::path& folder,
                                                             size_t max = SIZE_MAX);

// True for a folder, or a link to one.
bool IsFolder(const std::filesystem::path& path);

// A file that an engine may read, by the end of its name, in whatever case.
bool LooksLikeModel(const std::filesystem::path& path);

// A link that points to nothing or in a circle: what is wrong with it. Empty for everything else.
std::string BrokenLink(const std::filesystem::path& path);

// Why nothing of the model's folder can be served, or not all of it, and what to do. Empty when all is as it should be.
std::string LayoutProblem(const std::filesystem::path& folder);

}  // namespace sluice
