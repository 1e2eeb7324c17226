// Requests that work, put together from the `example` options of fields (proto/ai/inference/options.proto).
#pragma once

#include <string>

#include "google/protobuf/descriptor.h"

namespace sluice::openapi {

// JSON of the field's value: its own example, or one made of its message's fields; "" when there is none.
std::string ExampleOf(const google::protobuf::FieldDescriptor& field);

// JSON object of the fields that have an example; "" when none has one. Lists of messages take part only with an
// example of their own, or when the request needs them: they are often another way to say the same.
std::string ExampleOf(const google::protobuf::Descriptor& message);

// False when a request without the field, or with an empty one, is refused: it is required, or one of those that
// exactly one must be given of.
bool MayBeUnset(const google::protobuf::FieldDescriptor& field);

}  // namespace sluice::openapi
