#include "transport/openapi/oip_paths.h"

#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "transport/oip/route.h"

namespace sluice::openapi {
namespace {

using oip::Operation;

constexpr std::string_view kTag = "OpenInferenceProtocol";
constexpr std::string_view kService = "inference.GRPCInferenceService";

constexpr std::string_view kTagDescription =
    R"(The Open Inference Protocol v2 of KServe and Triton, for models of task `tensor`: what a folder with a model file and no
`model.yaml` is. `echo` answers with what it was sent. The same methods are at `inference.GRPCInferenceService` over gRPC, with a
stream of inferences besides. Loading and unloading need a listener that exposes `admin`.)";

// The name of the answer's schema.
std::string_view AnswerOf(Operation operation) {
  switch (operation) {
    case Operation::kServerLive: return "oip.Live";
    case Operation::kServerReady: return "oip.ServerReady";
    case Operation::kServerMetadata: return "oip.ServerMetadata";
    case Operation::kModelMetadata: return "oip.ModelMetadata";
    case Operation::kModelReady: return "oip.ModelReady";
    case Operation::kModelConfig: return "oip.ModelConfig";
    case Operation::kModelStatistics: return "oip.Statistics";
    case Operation::kModelInfer: return "oip.InferResponse";
    case Operation::kRepositoryIndex: return "oip.RepositoryIndex";
    default: return "oip.Nothing";
  }
}

// Members of the request body's `content`; empty when there is none.
std::string_view BodyOf(Operation operation) {
  switch (operation) {
    case Operation::kModelInfer:
      return R"json({
            "application/json": {
              "schema": {"$ref": "#/components/schemas/oip.InferRequest"},
              "example": {"inputs": [{"name": "input", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}]}
            },
            "application/octet-stream": {
              "schema": {
                "type": "string", "format": "binary",
                "description": "The JSON and, behind it, the bytes of the inputs that have `binary_data_size`; `Inference-Header-Content-Length` says where they begin. With 0 there is no JSON: all of the body is the model's only input."
              }
            }
          })json";
    case Operation::kRepositoryIndex:
      return R"json({"application/json": {"schema": {"$ref": "#/components/schemas/oip.IndexRequest"}, "example": {"ready": true}}})json";
    case Operation::kRepositoryLoad:
    case Operation::kRepositoryUnload:
      return R"json({"application/json": {"schema": {"$ref": "#/components/schemas/oip.ChangeRequest"}, "example": {}}})json";
    default: return "";
  }
}

// Ready answers say "no" with status 503 and the same schema.
bool MayAnswerNo(Operation operation) {
  return operation == Operation::kServerReady || operation == Operation::kModelReady;
}

void WritePathParameter(std::string_view name, std::string_view example, std::string_view description, JsonOut& out) {
  out.Object([&] {
    out.String("name", name);
    out.String("in", "path");
    out.Bool("required", true);
    out.String("description", description);
    out.Raw("schema", R"({"type": "string", "minLength": 1})");
    out.String("example", example);
  });
}

void WriteParameters(const oip::PathOfOperation& path, JsonOut& out) {
  out.Array("parameters", [&] {
    if (path.path.find("{model_name}") != std::string_view::npos)
      WritePathParameter("model_name", "echo", "The model's folder.", out);
    if (path.path.find("{model_version}") != std::string_view::npos)
      WritePathParameter("model_version", "1", "The version's folder.", out);
    if (path.operation == Operation::kModelInfer) {
      out.Object([&] {
        out.String("name", "Inference-Header-Content-Length");
        out.String("in", "header");
        out.String("description", "Bytes of JSON before those of tensors; without it, all of the body is JSON.");
        out.Raw("schema", R"({"type": "integer", "minimum": 0})");
      });
    }
    for (const std::string_view header : {"X-Request-ID", "X-Request-Timeout"}) {
      out.Object([&] { out.String("$ref", StrCat("#/components/parameters/", header)); });
    }
  });
}

void WriteResponse(std::string_view status, std::string_view description, std::string_view schema, bool bytes,
                   JsonOut& out) {
  out.Object(status, [&] {
    out.String("description", description);
    out.Object("headers", [&] { out.Raw("X-Request-ID", R"({"$ref": "#/components/headers/X-Request-ID"})"); });
    out.Object("content", [&] {
      out.Raw("application/json", StrCat(R"({"schema": {"$ref": "#/components/schemas/)", schema, "\"}}"));
      if (bytes) out.Raw("application/octet-stream", R"({"schema": {"type": "string", "format": "binary"}})");
    });
  });
}

void WriteOperation(const oip::PathOfOperation& path, std::string_view id, const Comments& comments, JsonOut& out) {
  const std::string_view method = oip::MethodName(path.operation);
  const std::string name = StrCat(kService, ".", method);
  const std::string_view answer = AnswerOf(path.operation);
  out.Object(absl::AsciiStrToLower(ToAbsl(oip::VerbOf(path.operation))), [&] {
    out.String("operationId", id);
    out.Array("tags", [&] { out.String(kTag); });
    out.String("summary", comments.SummaryOf(name));
    out.String("description", comments.Of(name));
    WriteParameters(path, out);
    if (const std::string_view body = BodyOf(path.operation); !body.empty()) {
      out.Object("requestBody", [&] {
        out.Bool("required", path.operation == Operation::kModelInfer);
        out.Raw("content", body);
      });
    }
    out.Object("responses", [&] {
      WriteResponse("200", "The answer.", answer, path.operation == Operation::kModelInfer, out);
      if (MayAnswerNo(path.operation)) WriteResponse("503", "Not ready.", "oip.NotReady", false, out);
      WriteResponse("default", "An error.", "oip.Error", false, out);
    });
    out.String("x-grpc-method", StrCat(kService, "/", method));
  });
}

}  // namespace

bool HasOip(const MethodTable& methods) { return methods.Find(StrCat("/", kService, "/ModelInfer")) != nullptr; }

void WriteOipTag(JsonOut& out) {
  out.Object([&] {
    out.String("name", kTag);
    out.String("description", kTagDescription);
  });
}

void WriteOipPaths(const Comments& comments, JsonOut& out) {
  std::map<Operation, int> seen;
  for (const oip::PathOfOperation& path : oip::Paths()) {
    const int number = ++seen[path.operation];
    const std::string id = StrCat(kTag, "_", oip::MethodName(path.operation), number > 1 ? StrCat("_", number) : "");
    out.Object(path.path, [&] { WriteOperation(path, id, comments, out); });
  }
}

}  // namespace sluice::openapi
