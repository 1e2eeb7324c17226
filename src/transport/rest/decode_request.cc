#include "transport/rest/decode_request.h"

#include <algorithm>
#include <utility>

#include "ai/inference/options.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "google/protobuf/descriptor.h"
#include "transport/content_coding.h"
#include "transport/gzip.h"
#include "transport/parse_proto.h"
#include "transport/rest/bind.h"
#include "transport/rest/media_type.h"
#include "transport/rest/multipart.h"

namespace sluice::rest {
namespace {

using google::protobuf::FieldDescriptor;

bool IsRaw(const Method& method, std::string_view type) {
  const auto& types = method.options->raw_body_types();
  return std::any_of(types.begin(), types.end(), [type](const auto& t) { return t == type || t == "*/*"; });
}

absl::Status WrongType(const Method& method, std::string_view type) {
  std::string wanted = "application/json";
  for (const auto& raw : method.options->raw_body_types()) wanted += StrCat(", ", raw);
  if (!method.options->raw_body_field().empty()) wanted += ", multipart/form-data";
  return Error(Reason::UNSUPPORTED_MEDIA_TYPE,
               StrCat("Content-Type '", sluice::Excerpt(type, 80), "' is not supported; use ", wanted));
}

// The named field of a body part or raw body; bytes fields take any content, others their URL text.
absl::Status SetField(Message& request, std::string_view name, std::string value) {
  const auto path = json::ResolveFieldPath(*request.GetDescriptor(), name);
  if (!path || path->size() != 1 || (*path)[0]->is_repeated()) {
    const std::string shown = sluice::Excerpt(name, 60);
    return FieldError(Reason::INVALID_REQUEST, shown, StrCat("form field '", shown, "' is not a field of this method"));
  }
  const FieldDescriptor* field = (*path)[0];
  if (value.empty()) return absl::OkStatus();  // a form sends the fields that were left out, too
  if (field->type() != FieldDescriptor::TYPE_BYTES) return SetFieldFromText(request, *path, name, value);
  request.GetReflection()->SetString(&request, field, std::move(value));
  return absl::OkStatus();
}

// A browser's or curl's file part is often called "file"; it fills the raw-body field.
absl::Status BindMultipart(const Method& method, std::string_view boundary, std::string_view body, Message& request) {
  ASSIGN_OR_RETURN(const auto parts, ParseMultipart(body, boundary));
  const std::string& raw_field = method.options->raw_body_field();
  for (const auto& part : parts) {
    if (part.name == "_charset_") continue;  // RFC 7578: says how the others are encoded; they must be UTF-8 as it is
    const std::string_view name = part.name == "file" && !raw_field.empty() ? std::string_view(raw_field) : part.name;
    RETURN_IF_ERROR(SetField(request, name, std::string(part.data)));
  }
  return absl::OkStatus();
}

// Where a raw body leaves the other fields to the query, JSON takes the same query; a field of the body wins.
absl::Status BindJson(const Method& method, const RouteMatch& route, const RequestBody& body, Message& request,
                      DecodeMemory& memory) {
  BindInput input{.query = body.query, .body = body.bytes};
  if (!method.options->raw_body_field().empty() && route.binding->body == json::Binding::Body::kAll) {
    RETURN_IF_ERROR(ApplyQuery(body.query, request));
    input.query = {};
  }
  return BindRequest(route, input, request, {.json = ReadOptionsFor(method, memory), .query = {}});
}

absl::Status Bind(const Method& method, const RouteMatch& route, RequestBody& body, Message& request,
                  DecodeMemory& memory) {
  // A body without a type is taken as JSON: curl's mistakes then get an error about the JSON.
  if (body.content_type.empty()) return BindJson(method, route, body, request, memory);
  const auto type = ParseMediaType(body.content_type);
  if (!type) return WrongType(method, body.content_type);
  if (IsJson(*type)) return BindJson(method, route, body, request, memory);
  const std::string& raw_field = method.options->raw_body_field();
  if (type->Name() == "multipart/form-data" && !raw_field.empty()) {
    RETURN_IF_ERROR(BindUrl(route, body.query, request));
    RETURN_IF_ERROR(memory.Take(body.bytes.size()));
    return BindMultipart(method, type->Parameter("boundary"), body.bytes, request);
  }
  if (!IsRaw(method, type->Name())) return WrongType(method, type->Name());
  RETURN_IF_ERROR(BindUrl(route, body.query, request));
  return SetField(request, raw_field, std::move(body.bytes));
}

}  // namespace

bool IsChore(const Method& method, const RequestBody& body) {
  if (transport::IsCoded(body.content_encoding)) return body.bytes.size() > transport::kPackedChoreBytes;
  if (body.bytes.size() <= kChoreBytes) return false;
  const auto type = ParseMediaType(body.content_type);
  return !type || !IsRaw(method, type->Name());
}

json::ReadOptions ReadOptionsFor(const Method& method, DecodeMemory& memory) {
  return {.parts_max = method.request_parts_max, .memory = &memory};
}

absl::StatusOr<MessagePtr> ParseJson(const Method& method, std::string_view json, DecodeMemory& memory) {
  MessagePtr message = method.NewRequest();
  RETURN_IF_ERROR(json::JsonToMessage(json, *message, ReadOptionsFor(method, memory)));
  return transport::Prepared(method, std::move(message), memory);
}

absl::StatusOr<MessagePtr> DecodeRequest(const Method& method, const RouteMatch& route, RequestBody body,
                                         DecodeMemory& memory, const std::stop_token& stop) {
  RETURN_IF_ERROR(transport::Unpack(body.bytes, body.content_encoding, transport::Codings::kGzip, memory, stop));
  MessagePtr request = method.NewRequest();
  RETURN_IF_ERROR(Bind(method, route, body, *request, memory));
  return transport::Prepared(method, std::move(request), memory);
}

transport::BodyDecoding DecodingOf(const Method& method, RouteMatch route, RequestBody body) {
  const size_t wire_bytes = body.bytes.size();
  const bool chore = IsChore(method, body);
  return {.wire_bytes = wire_bytes,
          .chore = chore,
          .decoder = [route = std::move(route), body = std::move(body)](const Method& of, DecodeMemory& memory,
                                                                        const std::stop_token& stop) mutable {
            return DecodeRequest(of, route, std::move(body), memory, stop);
          }};
}

}  // namespace sluice::rest
