#include "openapi/operations.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace sluice::openapi {
namespace {

constexpr std::array<std::string_view, 8> kVerbs = {"get",     "put",  "post",  "delete",
                                                    "options", "head", "patch", "trace"};

// The variable that covers segment `i`; -1 when none does.
int VariableAt(const json::PathTemplate& path, size_t i) {
  for (size_t v = 0; v < path.variables.size(); ++v) {
    if (path.variables[v].first <= i && i <= path.variables[v].last) return static_cast<int>(v);
  }
  return -1;
}

PathParameter ParameterAt(const json::Binding& binding, size_t i, const std::vector<PathParameter>& before) {
  PathParameter out{.rest = binding.path.segments[i].kind == json::PathSegment::kRest};
  const int v = VariableAt(binding.path, i);
  if (v >= 0) {
    const auto& variable = binding.path.variables[static_cast<size_t>(v)];
    out.name = variable.field_path;
    if (variable.first == variable.last) out.field = binding.variable_fields[static_cast<size_t>(v)].back();
  } else {
    out.name = "segment";
  }
  const std::string base = out.name;
  for (int n = 2; std::any_of(before.begin(), before.end(), [&](const auto& p) { return p.name == out.name; }); ++n)
    out.name = StrCat(base, "_", n);
  return out;
}

// The path of a binding; fills its parameters.
std::string PathOf(const json::Binding& binding, std::vector<PathParameter>& parameters) {
  std::string path;
  for (size_t i = 0; i < binding.path.segments.size(); ++i) {
    const auto& segment = binding.path.segments[i];
    if (segment.kind == json::PathSegment::kLiteral) {
      path += StrCat("/", segment.literal);
    } else {
      parameters.push_back(ParameterAt(binding, i, parameters));
      path += StrCat("/{", parameters.back().name, "}");
    }
  }
  if (path.empty()) path = "/";
  return binding.path.verb.empty() ? path : StrCat(path, ":", binding.path.verb);
}

// "/v1/{name}" as "/v1/{}": two paths that differ in names only are one path to OpenAPI.
std::string ShapeOf(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == '}') inside = false;
    if (!inside) out.push_back(c);
    if (c == '{') inside = true;
  }
  return out;
}

class Collector {
 public:
  std::deque<PathItem> items;

  void Add(const Method& method, const json::Binding& binding) {
    std::string verb = absl::AsciiStrToLower(binding.verb);
    if (verb == "*") verb = binding.body == json::Binding::Body::kNone ? "get" : "post";
    if (std::find(kVerbs.begin(), kVerbs.end(), verb) == kVerbs.end()) return;
    Operation operation{.method = &method, .binding = binding, .verb = verb};
    const std::string path = PathOf(binding, operation.parameters);
    operation.id = FreshId(StrCat(method.descriptor->service()->name(), "_", method.descriptor->name()));
    PathItem& item = ItemOf(path, operation.parameters);
    item.operations.push_back(std::move(operation));
  }

 private:
  std::string FreshId(const std::string& wish) {
    std::string id = wish;
    for (int n = 2; !ids_.insert(id).second; ++n) id = StrCat(wish, "_", n);
    return id;
  }

  // The item of this path; its parameters' names are those of the item's first operation.
  PathItem& ItemOf(const std::string& path, std::vector<PathParameter>& parameters) {
    for (PathItem& item : items) {
      if (ShapeOf(item.path) != ShapeOf(path)) continue;
      const auto& names = item.operations.front().parameters;
      for (size_t i = 0; i < parameters.size(); ++i) parameters[i].name = names[i].name;
      return item;
    }
    return items.emplace_back(PathItem{path, {}});
  }

  std::set<std::string> ids_;
};

}  // namespace

std::deque<PathItem> OperationsOf(const MethodTable& methods) {
  Collector collector;
  for (const auto& method : methods.all()) {
    const auto bindings = json::BindingsOf(*method->descriptor, 0);
    if (!bindings.ok()) continue;
    for (const json::Binding& binding : *bindings) collector.Add(*method, binding);
  }
  return std::move(collector.items);
}

}  // namespace sluice::openapi
