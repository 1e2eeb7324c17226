// Path templates of google.api.http: "/v1/{name=models/*}/versions/{version}:load".
//
//   Template = "/" Segments [ Verb ] ;        Segment   = "*" | "**" | LITERAL | Variable ;
//   Segments = Segment { "/" Segment } ;      Variable  = "{" FieldPath [ "=" Segments ] "}" ;
//   Verb     = ":" LITERAL ;                  FieldPath = IDENT { "." IDENT } ;
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::json {

struct PathSegment {
  enum Kind { kLiteral, kSingle, kRest };  // kRest is "**": any number of segments, the last of a template
  Kind kind = kLiteral;
  std::string literal;  // percent-decoded
};

struct PathTemplate {
  struct Variable {
    std::string field_path;
    size_t first = 0, last = 0;  // segments, last one included
    bool multi = false;          // more than one segment: "%2F" in it stays encoded
  };
  std::vector<PathSegment> segments;
  std::vector<Variable> variables;
  std::string verb;  // without ':'; empty = none
};

absl::StatusOr<PathTemplate> ParsePathTemplate(std::string_view text);

}  // namespace sluice::json
