#include "openapi/problems.h"

#include <map>
#include <vector>

#include "ai/inference/errors.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/outcome.h"

namespace sluice::openapi {
namespace {

// Statuses that operations list; the others of the table come from their surroundings and are "default".
constexpr int kAlways[] = {400, 404, 500, 503, 504};
constexpr int kWithBody[] = {408, 413, 415};

std::map<int, std::vector<Reason>> ReasonsByStatus() {
  std::map<int, std::vector<Reason>> out;
  const auto* type = ai::inference::Reason_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    const auto reason = static_cast<Reason>(type->value(i)->number());
    if (reason != Reason::REASON_UNSPECIFIED) out[InfoOf(reason).http_status].push_back(reason);
  }
  return out;
}

std::string DescriptionOf(const std::vector<Reason>& reasons, const Comments& comments) {
  std::string out = "Reasons:\n";
  for (const Reason reason : reasons) {
    const ReasonInfo& info = InfoOf(reason);
    out += StrCat("\n- `", info.name, "`", info.retryable ? " (may be retried)" : "");
    const std::string_view comment = comments.Of(StrCat("ai.inference.Reason.", info.name));
    if (!comment.empty()) out += StrCat(": ", comment);
  }
  return out;
}

void WriteResponse(std::string_view name, std::string_view description, bool retry_after, JsonOut& out) {
  out.Object(name, [&] {
    out.String("description", description);
    out.Object("headers", [&] {
      out.Raw("X-Request-ID", R"({"$ref": "#/components/headers/X-Request-ID"})");
      if (retry_after) out.Raw("Retry-After", R"({"$ref": "#/components/headers/Retry-After"})");
    });
    out.Object("content",
               [&] { out.Raw(kProblemMediaType, R"({"schema": {"$ref": "#/components/schemas/Problem"}})"); });
  });
}

}  // namespace

void WriteProblemSchema(JsonOut& out) {
  out.Object("Problem", [&] {
    out.String("type", "object");
    out.String(
        "description",
        "An error (RFC 9457). `reason` is for programs, `detail` for people: what happened, to what, and what to do.");
    out.Object("properties", [&] {
      out.Raw("type", R"({"type": "string", "format": "uri", "examples": ["urn:sluice:error:INVALID_BODY"]})");
      out.Raw("title", R"({"type": "string"})");
      out.Raw("status", R"({"type": "integer", "description": "The HTTP status."})");
      out.Raw("detail", R"({"type": "string"})");
      out.Object("reason", [&] {
        out.String("type", "string");
        out.Array("enum", [&] {
          for (const auto& [status, reasons] : ReasonsByStatus()) {
            for (const Reason reason : reasons) out.String(InfoOf(reason).name);
          }
        });
      });
      out.Raw("request_id", R"({"type": "string", "description": "The same as the header X-Request-ID."})");
      out.Raw("trace_id",
              R"({"type": "string", "description": "Of the call's trace, as in the header traceresponse."})");
      out.Raw("field_violations",
              R"({"type": "array", "items": {"type": "object", "properties": {"field": {"type": "string"}, )"
              R"("description": {"type": "string"}}, "required": ["field", "description"]}})");
      out.Raw("retry_after_ms", R"({"type": "integer", "description": "A retry makes sense after this time."})");
    });
    out.Raw("required", R"(["type", "title", "status", "detail", "reason"])");
  });
}

void WriteProblemResponses(const Comments& comments, JsonOut& out) {
  for (const auto& [status, reasons] : ReasonsByStatus())
    WriteResponse(StrCat("Problem", status), DescriptionOf(reasons, comments), status == 429 || status == 503, out);
  WriteResponse("Problem", "Any other error.", false, out);
}

void WriteProblemReferences(bool has_body, JsonOut& out) {
  std::vector<int> statuses(std::begin(kAlways), std::end(kAlways));
  if (has_body) statuses.insert(statuses.begin() + 2, std::begin(kWithBody), std::end(kWithBody));
  for (const int status : statuses) {
    out.Raw(std::to_string(status), StrCat(R"({"$ref": "#/components/responses/Problem)", status, "\"}"));
  }
  out.Raw("default", R"({"$ref": "#/components/responses/Problem"})");
}

}  // namespace sluice::openapi
