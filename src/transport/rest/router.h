// Finds the method of an HTTP request by its verb and path.
//
// A trie of path segments: a literal wins over '*', which wins over '**', segment by segment from the left. Matching a
// path without variables allocates nothing; each trie node is visited at most once, whatever the path.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "json/http_rule.h"

namespace sluice::rest {

struct PathVariable {
  const json::FieldPath* field = nullptr;  // of the binding
  std::string value;                       // percent-decoded
};

struct RouteMatch {
  int method_index = -1;
  const json::Binding* binding = nullptr;  // lives as long as the router
  std::vector<PathVariable> variables;
  std::string allow;  // of VERB_NOT_ALLOWED: "GET, POST"
};

// Fill it first, then match from any thread.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Adds the method's google.api.http rule and its additional_bindings; a method without a rule adds nothing.
  // An error is a mistake in the .proto: a bad template, an unknown field, a verb and path that another method has.
  absl::Status Add(const google::protobuf::MethodDescriptor* method, int method_index);

  // `path` is the request target up to '?', still percent-encoded. METHOD_NOT_FOUND (404); VERB_NOT_ALLOWED (405) with
  // `match.allow` set; INVALID_REQUEST for a broken percent escape in a variable.
  absl::Status Match(std::string_view verb, std::string_view path, RouteMatch& match) const;

  // In order of Add(). For OpenAPI and docs.
  const std::deque<json::Binding>& bindings() const { return bindings_; }

 private:
  struct Node;
  struct Leaf;
  struct Search;
  absl::Status Insert(const json::Binding& binding);

  std::unique_ptr<Node> root_;
  std::deque<json::Binding> bindings_;  // addresses stay
};

}  // namespace sluice::rest
