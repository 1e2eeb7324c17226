#include "repository/layout.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLookedAtMax = 1000;  // entries of a folder that is not a version: somebody may keep a data set there
constexpr const char* kModelFiles[] = {"model.onnx", "model.xml", "model.tflite"};

std::string NameOf(const fs::path& path) { return path.filename().string(); }

// The name that a misnamed model file should have.
std::string RightName(const fs::path& file) {
  return StrCat("model", absl::AsciiStrToLower(file.extension().string()));
}

// The first model file in `folder` or in the folders below it, `depth` levels down; empty when there is none.
fs::path AnyModelFile(const fs::path& folder, int depth) {
  const auto entries = EntriesIn(folder, kLookedAtMax);
  if (!entries.ok()) return {};
  for (const fs::path& entry : *entries) {
    std::error_code error;
    if (LooksLikeModel(entry) && fs::is_regular_file(entry, error)) return entry;
  }
  for (const fs::path& entry : *entries) {
    if (depth == 0 || !IsFolder(entry)) continue;
    if (fs::path found = AnyModelFile(entry, depth - 1); !found.empty()) return found;
  }
  return {};
}

// A folder whose name is a version, without a model file.
std::string VersionProblem(const fs::path& version) {
  const std::string name = NameOf(version);
  if (const fs::path file = AnyModelFile(version, 2); file.empty()) {
    const auto entries = EntriesIn(version);
    if (!entries.ok()) return std::string(entries.status().message());
    for (const fs::path& entry : *entries) {
      if (std::string broken = BrokenLink(entry); !broken.empty()) return StrCat("in version ", name, ", ", broken);
    }
    return StrCat("version folder ", name, entries->empty() ? " is empty" : " contains no model file",
                  "; put model.onnx, model.tflite or model.xml into it");
  } else if (file.parent_path() == version && NameOf(file) == RightName(file)) {
    return StrCat("version folder ", name, " got its model file while it was being read; load the model again");
  } else if (file.parent_path() == version) {
    return StrCat("rename ", name, "/", NameOf(file), " to ", name, "/", RightName(file));
  } else {
    return StrCat("the model file is nested too deeply; move ", fs::relative(file, version.parent_path()).string(),
                  " to ", name, "/", RightName(file));
  }
}

// A name that somebody may have meant for a version: "v1", "01", "1.0", "version-2".
std::string MeantVersion(const std::string& name) {
  const auto first = std::find_if(name.begin(), name.end(), [](char c) { return absl::ascii_isdigit(c); });
  auto last = std::find_if_not(first, name.end(), [](char c) { return absl::ascii_isdigit(c); });
  std::string digits(first, last);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits.empty() ? "1" : digits;
}

std::string OtherFolderProblem(const fs::path& entry) {
  const fs::path file = AnyModelFile(entry, 2);
  if (file.empty()) return {};
  return StrCat("folder ", NameOf(entry), " is not a version number such as 1; rename it to ",
                MeantVersion(NameOf(entry)),
                NameOf(file) == RightName(file) ? "" : StrCat(" and the file in it to ", RightName(file)));
}

std::string EntryProblem(const fs::path& entry) {
  if (std::string broken = BrokenLink(entry); !broken.empty()) return broken;
  if (LooksLikeModel(entry) && !IsFolder(entry))
    return StrCat("there is no version folder; move ", NameOf(entry), " to 1/", RightName(entry));
  if (!IsFolder(entry)) return {};
  if (!VersionNumber(NameOf(entry))) return OtherFolderProblem(entry);
  return ModelFileIn(entry).empty() ? VersionProblem(entry) : "";
}

}  // namespace

std::optional<uint64_t> VersionNumber(const std::string& name) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(name, &number) || StrCat(number) != name) return std::nullopt;
  return number;
}

std::string ModelFileIn(const fs::path& folder) {
  for (const char* name : kModelFiles) {
    std::error_code error;
    if (fs::is_regular_file(folder / name, error)) return (folder / name).string();
  }
  return {};
}

absl::StatusOr<std::vector<fs::path>> EntriesIn(const fs::path& folder, size_t max) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end && entries.size() < max;
       it.increment(error)) {
    const std::string name = NameOf(it->path());
    if (name.front() != '.' && name != "lost+found") entries.push_back(it->path());
  }
  if (error) return absl::NotFoundError(StrCat("cannot list the folder '", folder.string(), "': ", error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool LooksLikeModel(const fs::path& path) {
  const std::string end = absl::AsciiStrToLower(path.extension().string());
  return end == ".onnx" || end == ".tflite" || end == ".xml";
}

std::string BrokenLink(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return {};
  const bool there = fs::exists(path, error);
  if (there && !error) return {};
  return StrCat("the link ", NameOf(path),
                error ? StrCat(" cannot be followed: ", error.message()) : std::string(" points to nothing"));
}

std::string LayoutProblem(const fs::path& folder) {
  const auto entries = EntriesIn(folder);
  if (!entries.ok()) return "its folder cannot be listed; give the server permission to read it";
  std::string problems;
  for (const fs::path& entry : *entries) {
    const std::string problem = EntryProblem(entry);
    if (problem.empty() || problems.size() > 400) continue;
    absl::StrAppend(&problems, problems.empty() ? "" : "; ", problem);
  }
  std::error_code error;
  if (!problems.empty() && fs::exists(folder / "config.pbtxt", error))
    problems += "; config.pbtxt is ignored, use model.yaml instead";
  return problems;
}

}  // namespace sluice
