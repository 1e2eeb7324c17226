// Sets one scalar of a message from text, by the proto3 JSON rules.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "json/message_table.h"

namespace sluice::json {

enum class TextForm {
  kBare,    // a JSON number, true or false
  kString,  // the inside of a JSON string, without escapes
  kUrl,     // a query parameter, path variable or map key, which have no types: true, 12 and RED are text as well
};

// Sets the field (adds to a repeated one). Returns what is wrong with the text, empty when nothing is:
// "must be true or false, not \"yes\"". Not for message fields.
std::string SetScalar(google::protobuf::Message& message, const FieldEntry& entry, std::string_view text,
                      TextForm form);

// What the field takes: "a string", "a whole number (int32)", "true or false", "one of RED, GREEN".
std::string Expectation(const FieldEntry& entry);

// "is not base64: …" or empty. Appends to `out`.
std::string DecodeBytes(std::string_view text, std::string& out);

}  // namespace sluice::json
