#include "transport/rest/router.h"

#include <algorithm>

#include "base/error.h"
#include "base/percent_decode.h"
#include "base/strings.h"

namespace sluice::rest {

// Bindings that end at a node, under one custom verb (":batch"; empty = none).
struct Router::Leaf {
  std::string custom;
  std::vector<const json::Binding*> bindings;
};

struct Router::Node {
  std::map<std::string, Node, std::less<>> literals;
  std::unique_ptr<Node> single;
  std::unique_ptr<Node> rest;
  std::vector<Leaf> leaves;
};

// One pass over the trie for one path and custom verb.
struct Router::Search {
  std::string_view verb;
  std::string_view custom;
  const json::Binding* found = nullptr;
  std::vector<std::string_view> allowed;  // verbs met at leaves that fit but for the verb

  void Visit(const Node& node, std::string_view path);
  bool End(const Node& node);
};

// True when this leaf serves the verb.
bool Router::Search::End(const Node& node) {
  for (const Leaf& leaf : node.leaves) {
    if (leaf.custom != custom) continue;
    for (const json::Binding* binding : leaf.bindings) {
      if (binding->verb == verb || binding->verb == "*") {
        found = binding;
        return true;
      }
      allowed.push_back(binding->verb);
    }
  }
  return false;
}

// `path` is what is left, beginning with '/' or empty.
void Router::Search::Visit(const Node& node, std::string_view path) {
  if (path.empty()) {
    if (!End(node) && node.rest != nullptr) End(*node.rest);
    return;
  }
  const size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view segment = path.substr(1, end - 1);
  const std::string_view left = path.substr(end);
  if (!segment.empty()) {
    auto literal = node.literals.find(segment);
    if (literal == node.literals.end() && segment.find('%') != std::string_view::npos) {
      if (const auto decoded = PercentDecode(segment)) literal = node.literals.find(*decoded);
    }
    if (literal != node.literals.end()) Visit(literal->second, left);
    if (found == nullptr && node.single != nullptr) Visit(*node.single, left);
  }
  if (found == nullptr && node.rest != nullptr) End(*node.rest);
}

namespace {

// The part of `path` (without custom verb) that a variable covers.
std::string_view Covered(std::string_view path, const json::PathTemplate& pattern,
                         const json::PathTemplate::Variable& variable) {
  size_t at = 1;
  for (size_t i = 0; i < variable.first; ++i) at = std::min(path.find('/', at), path.size()) + 1;
  if (at > path.size()) return {};
  if (pattern.segments[variable.last].kind == json::PathSegment::kRest) return path.substr(at);
  size_t end = at - 1;
  for (size_t i = variable.first; i <= variable.last; ++i) end = std::min(path.find('/', end + 1), path.size());
  return path.substr(at, end - at);
}

absl::Status ReadVariables(std::string_view path, RouteMatch& match) {
  const json::Binding& binding = *match.binding;
  for (size_t i = 0; i < binding.path.variables.size(); ++i) {
    const auto& variable = binding.path.variables[i];
    auto value = PercentDecode(Covered(path, binding.path, variable), /*keep_slash=*/variable.multi);
    if (!value) {
      return FieldError(
          Reason::INVALID_REQUEST, variable.field_path,
          StrCat(variable.field_path, " in the path has a broken percent escape; write %25 for a percent sign"));
    }
    match.variables.push_back({&binding.variable_fields[i], std::move(*value)});
  }
  return absl::OkStatus();
}

std::string Join(std::vector<std::string_view> verbs) {
  std::sort(verbs.begin(), verbs.end());
  verbs.erase(std::unique(verbs.begin(), verbs.end()), verbs.end());
  std::string out;
  for (std::string_view verb : verbs) out += StrCat(out.empty() ? "" : ", ", verb);
  return out;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

absl::Status Router::Add(const google::protobuf::MethodDescriptor* method, int method_index) {
  ASSIGN_OR_RETURN(std::vector<json::Binding> bindings, json::BindingsOf(*method, method_index));
  for (json::Binding& binding : bindings) {
    bindings_.push_back(std::move(binding));
    RETURN_IF_ERROR(Insert(bindings_.back()));
  }
  return absl::OkStatus();
}

absl::Status Router::Insert(const json::Binding& binding) {
  Node* node = root_.get();
  for (const json::PathSegment& segment : binding.path.segments) {
    if (segment.kind == json::PathSegment::kLiteral) {
      node = &node->literals[segment.literal];
      continue;
    }
    auto& child = segment.kind == json::PathSegment::kSingle ? node->single : node->rest;
    if (child == nullptr) child = std::make_unique<Node>();
    node = child.get();
  }
  auto leaf = std::find_if(node->leaves.begin(), node->leaves.end(),
                           [&](const Leaf& l) { return l.custom == binding.path.verb; });
  if (leaf == node->leaves.end()) leaf = node->leaves.insert(leaf, Leaf{binding.path.verb, {}});
  for (const json::Binding* other : leaf->bindings) {
    if (other->verb == binding.verb) {
      return Error(Reason::INTERNAL, StrCat(binding.verb, " ", binding.pattern, " of ", binding.method->full_name(),
                                            " is already used by ", other->method->full_name()));
    }
  }
  leaf->bindings.push_back(&binding);
  return absl::OkStatus();
}

absl::Status Router::Match(std::string_view verb, std::string_view path, RouteMatch& match) const {
  match = {};
  if (path.empty() || path[0] != '/') return Error(Reason::METHOD_NOT_FOUND, "the path must start with '/'");
  Search search{verb, {}, nullptr, {}};
  std::string_view matched = path;
  // "a:b" is first taken as segment a with custom verb b, then as the segment "a:b".
  const size_t slash = path.rfind('/');
  const size_t colon = path.rfind(':');
  if (colon != std::string_view::npos && colon > slash) {
    search.custom = path.substr(colon + 1);
    matched = path.substr(0, colon);
    if (!search.custom.empty()) search.Visit(*root_, matched);
  }
  if (search.found == nullptr) {
    search.custom = {};
    matched = path;
    search.Visit(*root_, matched);
  }
  if (search.found != nullptr) {
    match.method_index = search.found->method_index;
    match.binding = search.found;
    return ReadVariables(matched, match);
  }
  if (search.allowed.empty()) return Error(Reason::METHOD_NOT_FOUND, "no API has this path; /docs lists all of them");
  match.allow = Join(std::move(search.allowed));
  return Error(Reason::VERB_NOT_ALLOWED, StrCat("this path supports ", match.allow, ", not ", verb));
}

}  // namespace sluice::rest
