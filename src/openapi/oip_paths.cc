#include "openapi/oip_paths.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "base/check.h"
#include "base/strings.h"

namespace sluice::openapi {
namespace {

constexpr std::string_view kTag = "OpenInferenceProtocol";
constexpr std::string_view kService = "inference.GRPCInferenceService";

constexpr std::string_view kTagDescription =
    R"(The Open Inference Protocol v2 of KServe and Triton, for models of task `tensor`, such as any folder with a model
file and no `model.yaml`. `echo` returns what it was sent. Over gRPC the same methods are at
`inference.GRPCInferenceService`, along with a stream of inferences. Loading and unloading need a listener that exposes
`admin`.)";

// What the document says of an rpc's answers and of its request body.
struct Row {
  std::string_view rpc;
  std::string_view answer;     // the name of the schema
  std::string_view body = "";  // members of `content`; empty when there is none
  bool may_say_no = false;     // with status 503 and another schema
};

constexpr std::string_view kInferBody = R"json({
            "application/json": {
              "schema": {"$ref": "#/components/schemas/oip.InferRequest"},
              "example": {"inputs": [{"name": "input", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}]}
            },
            "application/octet-stream": {
              "schema": {
                "type": "string", "format": "binary",
                "description": "The JSON, followed by the bytes of the inputs that have `binary_data_size`; )json"
    R"json(`Inference-Header-Content-Length` says where they begin. )json"
    R"json(With 0 there is no JSON: the whole body is the model's only input."
              }
            }
          })json";
constexpr std::string_view kIndexBody = R"json({"application/json": {
            "schema": {"$ref": "#/components/schemas/oip.IndexRequest"}, "example": {"ready": true}
          }})json";
constexpr std::string_view kChangeBody =
    R"json({"application/json": {"schema": {"$ref": "#/components/schemas/oip.ChangeRequest"}, "example": {}}})json";

constexpr std::string_view kInfer = "ModelInfer";
constexpr Row kRows[] = {{.rpc = "ServerLive", .answer = "oip.Live"},
                         {.rpc = "ServerReady", .answer = "oip.ServerReady", .may_say_no = true},
                         {.rpc = "ServerMetadata", .answer = "oip.ServerMetadata"},
                         {.rpc = "ModelMetadata", .answer = "oip.ModelMetadata"},
                         {.rpc = "ModelReady", .answer = "oip.ModelReady", .may_say_no = true},
                         {.rpc = "ModelConfig", .answer = "oip.ModelConfig"},
                         {.rpc = "ModelStatistics", .answer = "oip.Statistics"},
                         {.rpc = kInfer, .answer = "oip.InferResponse", .body = kInferBody},
                         {.rpc = "RepositoryIndex", .answer = "oip.RepositoryIndex", .body = kIndexBody},
                         {.rpc = "RepositoryModelLoad", .answer = "oip.Nothing", .body = kChangeBody},
                         {.rpc = "RepositoryModelUnload", .answer = "oip.Nothing", .body = kChangeBody}};

const Row& RowOf(std::string_view rpc) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [rpc](const Row& one) { return one.rpc == rpc; });
  SLUICE_CHECK(row != std::end(kRows), rpc);
  return *row;
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

void WriteParameters(const OipPath& path, JsonOut& out) {
  out.Array("parameters", [&] {
    if (path.path.find("{model_name}") != std::string_view::npos)
      WritePathParameter("model_name", "echo", "The model's folder.", out);
    if (path.path.find("{model_version}") != std::string_view::npos)
      WritePathParameter("model_version", "1", "The version's folder.", out);
    if (path.rpc == kInfer) {
      out.Object([&] {
        out.String("name", "Inference-Header-Content-Length");
        out.String("in", "header");
        out.String("description", "Length of the JSON before the tensors' bytes; if absent, the whole body is JSON.");
        out.Raw("schema", R"({"type": "integer", "minimum": 0})");
      });
      out.Object([&] { out.String("$ref", "#/components/parameters/X-Sluice-Class"); });
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

void WriteOperation(const OipPath& path, std::string_view id, const Comments& comments, JsonOut& out) {
  const Row& row = RowOf(path.rpc);
  const std::string name = StrCat(kService, ".", path.rpc);
  const bool infer = path.rpc == kInfer;
  out.Object(absl::AsciiStrToLower(ToAbsl(path.verb)), [&] {
    out.String("operationId", id);
    out.Array("tags", [&] { out.String(kTag); });
    out.String("summary", comments.SummaryOf(name));
    out.String("description", comments.Of(name));
    WriteParameters(path, out);
    if (!row.body.empty()) {
      out.Object("requestBody", [&] {
        out.Bool("required", infer);
        out.Raw("content", row.body);
      });
    }
    out.Object("responses", [&] {
      WriteResponse("200", "The response.", row.answer, infer, out);
      if (row.may_say_no) WriteResponse("503", "Not ready.", "oip.NotReady", false, out);
      WriteResponse("default", "An error.", "oip.Error", false, out);
    });
    out.String("x-grpc-method", StrCat(kService, "/", path.rpc));
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

void WriteOipPaths(std::span<const OipPath> paths, const Comments& comments, JsonOut& out) {
  std::map<std::string_view, int> seen;
  for (const OipPath& path : paths) {
    const int number = ++seen[path.rpc];
    const std::string id = StrCat(kTag, "_", path.rpc, number > 1 ? StrCat("_", number) : "");
    out.Object(path.path, [&] { WriteOperation(path, id, comments, out); });
  }
}

}  // namespace sluice::openapi
