// JSON Schema (2020-12, as OpenAPI 3.1 uses it) of protobuf messages, by the rules of json/reader.h and json/writer.h.
//
// What a client may send and what it gets differ: numbers may be sent as text and null stands for an unset field, but
// answers have one form. So a message that is both sent and answered has two schemas: "X" and "X.Input".
#pragma once

#include <map>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "openapi/comments.h"
#include "openapi/json_out.h"

namespace sluice::openapi {

enum class Role { kRequest, kResponse };

class Schemas {
 public:
  // Both outlive this object.
  Schemas(const Comments& comments, JsonOut& out) : comments_(comments), out_(out) {}

  // First: every message of a method's request or response; those it reaches follow.
  void Use(const google::protobuf::Descriptor& message, Role role);

  // Each writes the members of a schema object; the caller opens and closes it.
  void WriteMessage(const google::protobuf::Descriptor& message, Role role);
  // `whole_body`: the value is the body itself, where null is not a way to leave it out.
  void WriteField(const google::protobuf::FieldDescriptor& field, Role role, bool whole_body = false);
  // A field that comes in the path or the query, as text.
  void WriteParameter(const google::protobuf::FieldDescriptor& field);

  // The members of components.schemas.
  void WriteComponents();

 private:
  std::string NameOf(const google::protobuf::Descriptor& message, Role role) const;
  void WriteComponent(const google::protobuf::Descriptor& message, Role role);
  void WriteProperties(const google::protobuf::Descriptor& message, Role role);
  void WriteRequired(const google::protobuf::Descriptor& message, Role role);
  void WriteProperty(const google::protobuf::FieldDescriptor& field, std::string_view name, Role role);
  void WriteValue(const google::protobuf::FieldDescriptor& field, Role role, bool nullable);

  const Comments& comments_;
  JsonOut& out_;
  // By full name, so that the document is the same every time.
  std::map<std::string, const google::protobuf::Descriptor*> used_[2];
};

// "image_base64" of `bytes image = 1 [json_name = "image_base64"]`: a json_name that is not what protoc makes by
// itself; else "".
std::string CustomName(const google::protobuf::FieldDescriptor& field);

}  // namespace sluice::openapi
