#include "openapi/operation_writer.h"

#include <algorithm>

#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "openapi/example.h"
#include "openapi/problems.h"
#include "openapi/scalar_schema.h"

namespace sluice::openapi {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using json::Binding;

constexpr int kQueryDepthMax = 4;
constexpr std::string_view kHttpBody = "google.api.HttpBody";
constexpr std::string_view kNdjson = "application/x-ndjson";
constexpr std::string_view kBytes = R"({"schema": {"type": "string", "format": "binary"}})";

const ai::inference::FieldOptions& OptionsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(ai::inference::field);
}

const Descriptor& RequestOf(const Operation& o) { return *o.method->descriptor->input_type(); }
const Descriptor& ResponseOf(const Operation& o) { return *o.method->descriptor->output_type(); }
bool TakesRaw(const Operation& o) {
  return o.binding.body != Binding::Body::kNone && !o.method->options->raw_body_field().empty();
}

bool InPath(const Operation& operation, const FieldDescriptor& field) {
  const auto& paths = operation.binding.variable_fields;
  return std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return path.back() == &field; });
}

bool AnyRequired(const Descriptor& message) {
  if (message.options().GetExtension(ai::inference::message).at_least_one_of_size() > 0) return true;
  for (int i = 0; i < message.field_count(); ++i) {
    if (!MayBeUnset(*message.field(i))) return true;
  }
  return false;
}

bool BodyRequired(const Operation& operation) {
  if (operation.method->client_streaming) return false;  // no message is a stream, too
  const FieldDescriptor* field = operation.binding.body_field;
  return field != nullptr ? !MayBeUnset(*field) : AnyRequired(RequestOf(operation));
}

// The type whose JSON the body is; null for a scalar field.
const Descriptor* BodyType(const Operation& operation) {
  const FieldDescriptor* field = operation.binding.body_field;
  return field != nullptr ? field->message_type() : &RequestOf(operation);
}

void WriteExample(const std::string& json, JsonOut& out) {
  if (!json.empty()) out.Raw("example", json);
}

// Streams of JSON: one message per line or event.
void WriteStream(std::string_view media_type, std::string_view what, const std::string& example, JsonOut& out) {
  out.Object(media_type, [&] {
    out.Object("schema", [&] {
      out.String("type", "string");
      if (media_type == kNdjson) out.String("format", "ndjson");
      out.String("description", what);
    });
    if (!example.empty()) out.String("example", example);
  });
}

std::string MessageLink(const Descriptor& message) { return StrCat("`", message.name(), "`"); }

}  // namespace

void OperationWriter::Write(const Operation& operation) {
  const std::string& name = operation.method->descriptor->full_name();
  out_.Object(operation.verb, [&] {
    out_.String("operationId", operation.id);
    out_.Array("tags", [&] { out_.String(operation.method->descriptor->service()->name()); });
    if (const auto summary = comments_.SummaryOf(name); !summary.empty()) out_.String("summary", summary);
    if (const auto comment = comments_.Of(name); !comment.empty()) out_.String("description", comment);
    WriteParameters(operation);
    if (operation.binding.body != Binding::Body::kNone) WriteRequestBody(operation);
    WriteResponses(operation);
    out_.String("x-grpc-method", operation.method->name);
  });
}

void OperationWriter::WriteParameters(const Operation& operation) {
  out_.Array("parameters", [&] {
    for (const PathParameter& parameter : operation.parameters) {
      out_.Object([&] {
        out_.String("name", parameter.name);
        out_.String("in", "path");
        out_.Bool("required", true);
        if (parameter.rest) out_.String("description", "May contain slashes.");
        const auto comment = parameter.field == nullptr ? "" : comments_.Of(parameter.field->full_name());
        if (!comment.empty() && !parameter.rest) out_.String("description", comment);
        out_.Object("schema", [&] {
          if (parameter.field != nullptr) return schemas_.WriteParameter(*parameter.field);
          out_.String("type", "string");
        });
        if (parameter.field != nullptr) WriteExample(ExampleOf(*parameter.field), out_);
      });
    }
    if (operation.binding.body != Binding::Body::kAll || TakesRaw(operation))
      WriteQueryParameters(operation, RequestOf(operation), "", 0);
    for (const std::string_view header : {"X-Request-ID", "X-Request-Timeout"}) {
      out_.Object([&] { out_.String("$ref", StrCat("#/components/parameters/", header)); });
    }
    if (operation.method->work_class)
      out_.Object([&] { out_.String("$ref", "#/components/parameters/X-Sluice-Class"); });
  });
}

void OperationWriter::WriteQueryParameters(const Operation& operation, const Descriptor& message,
                                           const std::string& prefix, int depth) {
  const std::string& raw_field = operation.method->options->raw_body_field();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const Descriptor* type = field.message_type();
    const bool in_body =
        depth == 0 && (&field == operation.binding.body_field || (TakesRaw(operation) && field.name() == raw_field));
    if (in_body || field.is_map() || InPath(operation, field)) continue;
    const std::string name = prefix + field.name();
    if (type == nullptr || IsWellKnown(*type)) {
      WriteQueryParameter(field, name, operation.binding.body == Binding::Body::kAll);
    } else if (!field.is_repeated() && depth < kQueryDepthMax) {
      WriteQueryParameters(operation, *type, name + ".", depth + 1);
    }
  }
}

void OperationWriter::WriteQueryParameter(const FieldDescriptor& field, const std::string& name, bool body_wins) {
  out_.Object([&] {
    out_.String("name", name);
    out_.String("in", "query");
    std::string description(comments_.Of(field.full_name()));
    if (body_wins) description += StrCat(description.empty() ? "" : "\n\n", "A field in the body takes precedence.");
    if (!description.empty()) out_.String("description", description);
    if (OptionsOf(field).required()) out_.Bool("required", true);
    out_.Object("schema", [&] { schemas_.WriteParameter(field); });
    WriteExample(ExampleOf(field), out_);
  });
}

void OperationWriter::WriteRequestBody(const Operation& operation) {
  out_.Object("requestBody", [&] {
    out_.Bool("required", BodyRequired(operation));
    out_.Object("content", [&] {
      const Descriptor* type = BodyType(operation);
      if (type != nullptr && type->full_name() == kHttpBody) return out_.Raw("*/*", kBytes);
      if (operation.method->client_streaming) {
        const std::string line = ExampleOf(RequestOf(operation));
        return WriteStream(kNdjson, StrCat("One ", MessageLink(RequestOf(operation)), " per line."),
                           line.empty() ? line : StrCat(line, "\n", line, "\n"), out_);
      }
      WriteJsonBody(operation);
      if (TakesRaw(operation)) WriteRawBodies(operation);
    });
  });
}

void OperationWriter::WriteJsonBody(const Operation& operation) {
  const FieldDescriptor* field = operation.binding.body_field;
  out_.Object("application/json", [&] {
    out_.Object("schema", [&] {
      if (field != nullptr) return schemas_.WriteField(*field, Role::kRequest, /*whole_body=*/true);
      schemas_.WriteMessage(RequestOf(operation), Role::kRequest);
    });
    WriteExample(field != nullptr ? ExampleOf(*field) : ExampleOf(RequestOf(operation)), out_);
  });
}

void OperationWriter::WriteRawBodies(const Operation& operation) {
  for (const std::string& type : operation.method->options->raw_body_types()) out_.Raw(type, kBytes);
  out_.Object("multipart/form-data", [&] { WriteMultipart(operation); });
}

void OperationWriter::WriteMultipart(const Operation& operation) {
  const Descriptor& message = RequestOf(operation);
  const std::string& raw_field = operation.method->options->raw_body_field();
  out_.Object("schema", [&] {
    out_.String("type", "object");
    out_.String("description", StrCat("The part for `", raw_field, "` may also be named `file`."));
    out_.Object("properties", [&] {
      for (int i = 0; i < message.field_count(); ++i) {
        const FieldDescriptor& field = *message.field(i);
        if (field.is_repeated() || field.message_type() != nullptr) continue;
        if (field.type() == FieldDescriptor::TYPE_BYTES) {
          out_.Raw(field.name(), R"({"type": "string", "format": "binary"})");
        } else {
          out_.Object(field.name(), [&] { schemas_.WriteParameter(field); });
        }
      }
    });
    if (const auto* field = message.FindFieldByName(raw_field); field != nullptr && !MayBeUnset(*field))
      out_.Array("required", [&] { out_.String(raw_field); });
    out_.Bool("additionalProperties", false);
  });
}

void OperationWriter::WriteResponses(const Operation& operation) {
  out_.Object("responses", [&] {
    out_.Object("200", [&] {
      const auto comment = comments_.Of(ResponseOf(operation).full_name());
      out_.String("description", comment.empty() ? "The response." : comment);
      out_.Object("headers", [&] {
        out_.Raw("X-Request-ID", R"({"$ref": "#/components/headers/X-Request-ID"})");
        if (operation.method->work_class) {
          out_.Raw("X-Sluice-Predicted-Wait-Ms", R"({"$ref": "#/components/headers/X-Sluice-Predicted-Wait-Ms"})");
        }
      });
      out_.Object("content", [&] { WriteAnswer(operation); });
    });
    WriteProblemReferences(operation.binding.body != Binding::Body::kNone, out_);
  });
}

void OperationWriter::WriteAnswer(const Operation& operation) {
  const Descriptor& message = ResponseOf(operation);
  if (message.full_name() == kHttpBody) return out_.Raw("*/*", kBytes);
  if (operation.method->server_streaming) {
    WriteStream(kNdjson, StrCat("One ", MessageLink(message), " per line."), "", out_);
    return WriteStream("text/event-stream", StrCat("One ", MessageLink(message), " per event."), "", out_);
  }
  out_.Object("application/json", [&] { WriteAnswerSchema(operation); });
}

void OperationWriter::WriteAnswerSchema(const Operation& operation) {
  const FieldDescriptor* field = operation.binding.response_field;
  out_.Object("schema", [&] {
    if (field != nullptr) return schemas_.WriteField(*field, Role::kResponse);
    schemas_.WriteMessage(ResponseOf(operation), Role::kResponse);
  });
  WriteExample(field != nullptr ? ExampleOf(*field) : ExampleOf(ResponseOf(operation)), out_);
}

}  // namespace sluice::openapi
