#include "cli/batch/source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "json/reader.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// Reads up to '\n'; of a longer line only the first kLineBytesMax + 1 bytes are kept. False at the end.
bool ReadLine(std::istream& in, std::string& line) {
  line.clear();
  std::streambuf& from = *in.rdbuf();
  int c = from.sbumpc();
  if (c == std::char_traits<char>::eof()) return false;
  for (; c != '\n' && c != std::char_traits<char>::eof(); c = from.sbumpc()) {
    if (line.size() <= kLineBytesMax) line.push_back(static_cast<char>(c));
  }
  return true;
}

bool IsBlank(std::string_view line) { return WithoutBom(line).find_first_not_of(" \t\r") == std::string_view::npos; }

void ParseText(std::string_view line, Item& item) {
  if (line.size() > kLineBytesMax) {
    item.error = StrCat("the line is longer than ", kLineBytesMax, " bytes");
    return;
  }
  const size_t first = line.find_first_not_of(" \t\r");
  ai::inference::TextItem text;
  const std::string wrapped = line[first] == '"' ? StrCat("{\"text\":", line, "}") : std::string(line);
  if (const absl::Status read = json::JsonToMessage(wrapped, text, {.ignore_unknown_fields = true}); !read.ok()) {
    item.error = std::string(read.message());
    return;
  }
  if (line.find("\"text\"") == std::string_view::npos && line[first] != '"') {
    item.error = "the line has no \"text\"";
    return;
  }
  item.payload = std::move(*text.mutable_text());
  item.name = std::move(*text.mutable_id());
}

class TextSource final : public Source {
 public:
  TextSource(std::string path, uint64_t bytes, uint64_t total)
      : path_(std::move(path)), bytes_(bytes), total_(total), in_(path_, std::ios::binary) {}

  bool Next(Item& item) override {
    item = {};
    while (ReadLine(in_, text_)) {
      if (++line_ == 1) text_ = std::string(WithoutBom(text_));
      if (IsBlank(text_)) continue;
      item.line = line_;
      ParseText(text_, item);
      return true;
    }
    return false;
  }
  uint64_t total() const override { return total_; }
  std::string identity() const override {
    return StrCat("texts ", fs::absolute(path_).string(), "\nbytes ", bytes_, "\n");
  }

 private:
  const std::string path_;
  const uint64_t bytes_, total_;
  std::ifstream in_;
  std::string text_;
  uint64_t line_ = 0;
};

class PictureSource final : public Source {
 public:
  PictureSource(std::string folder, std::vector<std::string> names)
      : folder_(std::move(folder)), names_(std::move(names)) {}

  bool Next(Item& item) override {
    if (at_ == names_.size()) return false;
    item = {.line = at_ + 1, .payload = (fs::path(folder_) / names_[at_]).string(), .name = names_[at_], .error = {}};
    ++at_;
    return true;
  }
  uint64_t total() const override { return names_.size(); }
  std::string identity() const override {
    return StrCat("pictures ", fs::absolute(folder_).string(), "\nfiles ", names_.size(), "\n");
  }

 private:
  const std::string folder_;
  const std::vector<std::string> names_;
  size_t at_ = 0;
};

bool IsPicture(const fs::path& path) {
  const std::string extension = absl::AsciiStrToLower(path.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenTexts(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) return Error(Reason::NOT_FOUND, StrCat("cannot read ", path));
  uint64_t total = 0, bytes = 0;
  for (std::string line; ReadLine(in, line); bytes += line.size() + 1) total += IsBlank(line) ? 0 : 1;
  return std::make_unique<TextSource>(path, bytes, total);
}

absl::StatusOr<std::unique_ptr<Source>> OpenPictures(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error) && IsPicture(it->path()))
      names.push_back(fs::relative(it->path(), folder, error).string());
  }
  if (error) return Error(Reason::NOT_FOUND, StrCat("cannot read ", folder, ": ", error.message()));
  std::sort(names.begin(), names.end());
  return std::make_unique<PictureSource>(folder, std::move(names));
}

}  // namespace sluice::cli
