// The comments of the .proto files, which the descriptors inside the program do not carry.
#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace sluice {
// All of proto/ with source information: a serialised google.protobuf.FileDescriptorSet, embedded by the build.
extern const std::string_view kDescriptorSet;
}  // namespace sluice

namespace sluice::openapi {

// Read-only once made.
class Comments {
 public:
  // What cannot be parsed counts as empty.
  explicit Comments(std::string_view descriptor_set);

  // Of a service, method, message, field, enum or value by its full name ("ai.inference.Face.x"): the comment before it
  // or, without one, after it. Lines as written; "" when there is none.
  std::string_view Of(std::string_view full_name) const;
  // Its first sentence, without the full stop.
  std::string_view SummaryOf(std::string_view full_name) const;

 private:
  absl::flat_hash_map<std::string, std::string> by_name_;
};

}  // namespace sluice::openapi
