// JSON Schema of single values: numbers, texts, bytes, enums and the well-known types.
#pragma once

#include "google/protobuf/descriptor.h"
#include "openapi/json_out.h"

namespace sluice::openapi {

// kRequest: every form that JSON may have. kResponse: the form that is printed. kText: in a path or query.
enum class Form { kRequest, kResponse, kText };

// One value of a field that is not a message. `nullable`: null is accepted, too.
void WriteScalar(const google::protobuf::FieldDescriptor& field, Form form, bool nullable, JsonOut& out);

// False when the type has no JSON form of its own: a message like any other.
bool WriteWellKnown(const google::protobuf::Descriptor& message, Form form, bool nullable, JsonOut& out);
bool IsWellKnown(const google::protobuf::Descriptor& message);

// "type": "string", or with null.
void WriteType(std::string_view type, bool nullable, JsonOut& out);

}  // namespace sluice::openapi
