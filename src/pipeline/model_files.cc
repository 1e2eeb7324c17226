#include "pipeline/model_files.h"

#include <sstream>

#include "base/config/file.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

namespace sluice {
namespace {

constexpr size_t kBytesMax = 64 << 20;

}  // namespace

absl::StatusOr<std::string> ReadModelFile(const ModelVersion& version, std::string_view name) {
  const std::string path = version.FileNamed(name);
  auto bytes = ReadFile(path, kBytesMax);
  if (bytes.ok()) return bytes;
  const bool absent = absl::IsNotFound(bytes.status());
  return Error(Reason::MODEL_UNAVAILABLE,
               absent ? StrCat("the file '", name, "' is not next to the model")
                      : StrCat("'", name, "' must be a regular file of at most ", kBytesMax, " bytes"));
}

absl::StatusOr<std::vector<std::string>> ReadLabels(const ModelVersion& version, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string text, ReadModelFile(version, name));
  if (const size_t bad = FirstInvalidUtf8(text); bad != text.size()) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("'", name, "' is not UTF-8 at byte ", bad, "; save it as UTF-8"));
  }
  std::vector<std::string> labels;
  std::istringstream lines{std::string(WithoutBom(text))};
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) labels.push_back(std::move(line));
  }
  if (labels.empty()) return Error(Reason::MODEL_UNAVAILABLE, StrCat("'", name, "' contains no labels"));
  return labels;
}

}  // namespace sluice
