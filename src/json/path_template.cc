#include "json/path_template.h"

#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"

namespace sluice::json {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<PathTemplate> Parse() {
    if (!Take('/')) return Bad("must start with '/'");
    RETURN_IF_ERROR(Segments(/*in_variable=*/false));
    if (Take(':')) {
      out_.verb = std::string(Word());
      if (out_.verb.empty()) return Bad("has an empty verb after ':'");
    }
    if (at_ != text_.size()) return Bad("has an unexpected character");
    for (size_t i = 0; i + 1 < out_.segments.size(); ++i) {
      if (out_.segments[i].kind == PathSegment::kRest) return Bad("has '**' before its last segment");
    }
    return std::move(out_);
  }

 private:
  absl::Status Bad(std::string_view problem) const {
    return Error(Reason::INTERNAL, StrCat("path template '", text_, "' ", problem, " (at ", at_, ")"));
  }

  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Up to the next character with a meaning in templates.
  std::string_view Word() {
    const size_t end = std::min(text_.find_first_of("/{}=*:", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  absl::Status Segments(bool in_variable) {
    do {
      if (!in_variable && Take('{')) {
        RETURN_IF_ERROR(Variable());
      } else {
        RETURN_IF_ERROR(Segment());
      }
    } while (Take('/'));
    return absl::OkStatus();
  }

  absl::Status Segment() {
    if (Take('*')) {
      const bool rest = Take('*');
      out_.segments.push_back({rest ? PathSegment::kRest : PathSegment::kSingle, {}});
      return absl::OkStatus();
    }
    const std::string_view word = Word();
    if (word.empty()) return Bad("has an empty segment");
    auto literal = PercentDecode(word);
    if (!literal) return Bad("has a broken percent escape");
    out_.segments.push_back({PathSegment::kLiteral, std::move(*literal)});
    return absl::OkStatus();
  }

  absl::Status Variable() {
    PathTemplate::Variable variable;
    variable.first = out_.segments.size();
    variable.field_path = std::string(Word());
    if (variable.field_path.empty()) return Bad("has a variable without a name");
    if (Take('=')) {
      RETURN_IF_ERROR(Segments(/*in_variable=*/true));
    } else {
      out_.segments.push_back({PathSegment::kSingle, {}});
    }
    if (!Take('}')) return Bad("is missing '}'");
    variable.last = out_.segments.size() - 1;
    variable.multi = variable.last > variable.first || out_.segments.back().kind == PathSegment::kRest;
    out_.variables.push_back(std::move(variable));
    return absl::OkStatus();
  }

  std::string_view text_;
  size_t at_ = 0;
  PathTemplate out_;
};

}  // namespace

absl::StatusOr<PathTemplate> ParsePathTemplate(std::string_view text) { return Parser(text).Parse(); }

}  // namespace sluice::json
