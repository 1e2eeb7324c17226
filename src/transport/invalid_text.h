// Why a protobuf message could not be parsed, where that is a text that is not UTF-8: for the error, after the fact.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"

namespace sluice::transport {

// The first string field whose bytes are not UTF-8: "texts[1]", "items[0].id". Empty when there is none before the
// bytes themselves are broken. Maps are named without their key.
std::string InvalidTextField(const google::protobuf::Descriptor& type, std::string_view bytes);

}  // namespace sluice::transport
