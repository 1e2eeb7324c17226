#include "pipeline/model_files.h"

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"

namespace sluice {

absl::StatusOr<std::string> ReadModelFile(const ModelVersion& version, std::string_view name) {
  const std::string path = version.FileNamed(name);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (path.empty() || !in || !(bytes << in.rdbuf())) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("the file '", name, "' is not next to the model"));
  }
  return bytes.str();
}

absl::StatusOr<std::vector<std::string>> ReadLabels(const ModelVersion& version, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string text, ReadModelFile(version, name));
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
