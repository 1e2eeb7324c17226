#include "transport/rest/json_reader.h"

#include "base/error.h"
#include "base/strings.h"
#include "transport/rest/json_tokens.h"
#include "transport/rest/json_walk.h"
#include "transport/rest/message_table.h"

namespace sluice::rest {

absl::Status JsonToMessage(std::string_view json, google::protobuf::Message& out, const JsonReadOptions& options) {
  JsonTokens tokens;
  RETURN_IF_ERROR(tokens.Scan(json));
  JsonWalk walk(tokens, options);
  const MessageTable& table = TableOf(*out.GetDescriptor());
  if (walk.ReadMessage(out, table, JsonPath{})) walk.ReadEnd();
  return walk.status;
}

absl::Status JsonToField(std::string_view json, const google::protobuf::FieldDescriptor& field,
                         google::protobuf::Message& out, const JsonReadOptions& options) {
  JsonTokens tokens;
  RETURN_IF_ERROR(tokens.Scan(json));
  JsonWalk walk(tokens, options);
  const JsonPath root;
  const FieldEntry* entry = TableOf(*out.GetDescriptor()).Find(field.name());
  if (entry == nullptr) return Error(Reason::INTERNAL, "the method's body field does not exist");
  if (walk.ReadField(out, *entry, root.Key(field.name()))) walk.ReadEnd();
  return walk.status;
}

}  // namespace sluice::rest
