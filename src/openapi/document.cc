#include "openapi/document.h"

#include <set>

#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "openapi/comments.h"
#include "openapi/json_out.h"
#include "openapi/oip_paths.h"
#include "openapi/operation_writer.h"
#include "openapi/operations.h"
#include "openapi/problems.h"
#include "openapi/schema.h"

namespace sluice::openapi {
namespace {

constexpr std::string_view kIntroduction =
    R"(One definition of each API serves REST, gRPC and live streams on every port. This page shows the REST side; gRPC
clients find the same methods by reflection or in the published .proto files, gRPC-Web and Connect clients at
`/package.Service/Method`.

- **JSON** follows the rules of proto3: names as here or in lowerCamelCase, bytes as base64, 64-bit numbers as strings.
  An unknown field is an error.
- **Errors** are `application/problem+json`; `reason` is for programs, `detail` for people.
- **Every response** carries `X-Request-ID`: yours, or one that the server created. It is also in the access log.
- **Deadlines**: `X-Request-Timeout` in seconds. A request that cannot be answered in time is refused at once.
- **Classes**: `X-Sluice-Class: batch` or `background` lets more urgent work go first.
- **Compression**: gzip both ways (`Content-Encoding`, `Accept-Encoding`).)";

constexpr std::string_view kParameters = R"json({
      "X-Request-ID": {
        "name": "X-Request-ID", "in": "header", "schema": {"type": "string"},
        "description": "Identifies the request in responses and logs: 1 to 128 visible ASCII characters. )json"
    R"json(If absent, the server creates one."
      },
      "X-Request-Timeout": {
        "name": "X-Request-Timeout", "in": "header",
        "schema": {"type": "string", "pattern": "^[0-9]{1,6}(\\.[0-9]{1,3})?$"},
        "description": "Timeout in seconds, e.g. `0.5`. Default: the method's own."
      },
      "X-Sluice-Class": {
        "name": "X-Sluice-Class", "in": "header",
        "schema": {"type": "string", "enum": ["live", "batch", "background"]},
        "description": "Lowers the class of this call's work: live goes before batch, batch before background. )json"
    R"json(Default: the method's own."
      }
    })json";

constexpr std::string_view kHeaders = R"json({
      "X-Request-ID": {"schema": {"type": "string"}, "description": "The request's id."},
      "X-Sluice-Predicted-Wait-Ms": {"schema": {"type": "string"},
                                     "description": "How long work waits for a worker now."},
      "Retry-After": {"schema": {"type": "string"}, "description": "Seconds after which a retry makes sense."}
    })json";

// What this service offers besides REST.
std::string StreamsOf(const MethodTable& methods, const google::protobuf::ServiceDescriptor& service) {
  std::string out;
  for (const auto& method : methods.all()) {
    if (method->descriptor->service() != &service || method->options->websocket_path().empty()) continue;
    out += StrCat("\n- `", method->descriptor->name(), "`: gRPC stream, and WebSocket at `",
                  method->options->websocket_path(), "`");
  }
  return out.empty() ? out : StrCat("\n\nStreams:\n", out);
}

class Document {
 public:
  Document(const MethodTable& methods, std::string_view version, std::span<const OipPath> oip)
      : methods_(methods),
        version_(version),
        comments_(kDescriptorSet),
        schemas_(comments_, out_),
        items_(OperationsOf(methods)),
        oip_(HasOip(methods) ? oip : std::span<const OipPath>()) {
    for (const PathItem& item : items_) {
      for (const Operation& operation : item.operations) {
        schemas_.Use(*operation.method->descriptor->input_type(), Role::kRequest);
        schemas_.Use(*operation.method->descriptor->output_type(), Role::kResponse);
      }
    }
  }

  std::string Write() && {
    out_.Object([&] {
      out_.String("openapi", "3.1.0");
      WriteInfo();
      out_.Raw("servers", R"([{"url": "/"}])");
      out_.Array("tags", [&] { WriteTags(); });
      out_.Object("paths", [&] { WritePaths(); });
      out_.Object("components", [&] { WriteComponents(); });
    });
    return std::move(out_).Take();
  }

 private:
  void WriteInfo() {
    out_.Object("info", [&] {
      out_.String("title", "Sluice");
      out_.String("summary", "An inference API server");
      out_.String("description", kIntroduction);
      out_.String("version", version_);
      out_.Raw("license", R"({"name": "Apache-2.0", "identifier": "Apache-2.0"})");
    });
  }

  void WriteTags() {
    std::set<std::string> written;
    for (const PathItem& item : items_) {
      for (const Operation& operation : item.operations) {
        const auto& service = *operation.method->descriptor->service();
        if (!written.insert(service.name()).second) continue;
        out_.Object([&] {
          out_.String("name", service.name());
          out_.String("description", StrCat(comments_.Of(service.full_name()), StreamsOf(methods_, service)));
        });
      }
    }
    if (!oip_.empty()) WriteOipTag(out_);
  }

  void WritePaths() {
    OperationWriter writer(comments_, schemas_, out_);
    for (const PathItem& item : items_) {
      out_.Object(item.path, [&] {
        for (const Operation& operation : item.operations) writer.Write(operation);
      });
    }
    WriteOipPaths(oip_, comments_, out_);
  }

  void WriteComponents() {
    out_.Object("schemas", [&] {
      schemas_.WriteComponents();
      WriteProblemSchema(out_);
      if (!oip_.empty()) WriteOipSchemas(out_);
    });
    out_.Object("responses", [&] { WriteProblemResponses(comments_, out_); });
    out_.Raw("parameters", kParameters);
    out_.Raw("headers", kHeaders);
  }

  const MethodTable& methods_;
  const std::string_view version_;
  const Comments comments_;
  JsonOut out_;
  Schemas schemas_;
  const std::deque<PathItem> items_;
  const std::span<const OipPath> oip_;  // empty when the protocol is not served
};

}  // namespace

std::string MakeDocument(const MethodTable& methods, std::string_view version, std::span<const OipPath> oip) {
  return Document(methods, version, oip).Write();
}

}  // namespace sluice::openapi
