// Protobuf's reflection, by the names that this room uses.
#pragma once

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sluice::json {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::Reflection;

}  // namespace sluice::json
