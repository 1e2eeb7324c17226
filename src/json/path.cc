#include "json/path.h"

#include <vector>

#include "base/strings.h"
#include "base/text.h"

namespace sluice::json {
namespace {

constexpr size_t kKeyBytesMax = 60;
constexpr size_t kFramesMax = 256;

struct Frame {
  bool array = false;
  long index = 0;
  std::string_view key;
};

std::string Join(const std::vector<Frame>& frames) {
  std::string path;
  for (const Frame& frame : frames) {
    if (frame.array) {
      path += StrCat("[", frame.index, "]");
    } else if (!frame.key.empty()) {
      path += StrCat(path.empty() ? "" : ".", Excerpt(frame.key, kKeyBytesMax));
    }
  }
  return path;
}

// The position after the closing quote of the string that opens at `open`, or the text's end.
size_t EndOfString(std::string_view json, size_t open) {
  for (size_t i = open + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return json.size();
}

}  // namespace

std::string Path::ToString() const {
  if (parent == nullptr) return {};
  std::string path = parent->ToString();
  if (name.data() == nullptr) {
    path += StrCat("[", index, "]");
  } else {
    path += StrCat(path.empty() ? "" : ".", Excerpt(name, kKeyBytesMax));
  }
  return path;
}

std::string PathAt(std::string_view json, size_t offset) {
  std::vector<Frame> frames;
  std::string_view last_string;
  for (size_t i = 0; i < json.size() && i <= offset;) {
    const char c = json[i];
    if (c == '"') {
      const size_t end = EndOfString(json, i);
      if (offset < end) break;
      last_string = json.substr(i + 1, end - i - 2);
      i = end;
      continue;
    }
    if ((c == '{' || c == '[') && frames.size() < kFramesMax) frames.push_back({c == '[', 0, {}});
    if ((c == '}' || c == ']') && !frames.empty()) frames.pop_back();
    if (c == ':' && !frames.empty()) frames.back().key = last_string;
    if (c == ',' && !frames.empty()) {
      ++frames.back().index;
      frames.back().key = {};
    }
    ++i;
  }
  return Join(frames);
}

}  // namespace sluice::json
