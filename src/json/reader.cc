#include "json/reader.h"

#include "base/error.h"
#include "base/strings.h"
#include "json/message_table.h"
#include "json/tokens.h"
#include "json/walk.h"

namespace sluice::json {
namespace {

// The numbers of a list take two tokens each, and eight bytes, in a list that doubles.
constexpr size_t kTokenBytes = 12;

// Before the message is made: texts and base64 take no more than they do in JSON, and once more while they are
// unescaped.
absl::Status Scan(std::string_view json, const ReadOptions& options, Tokens& tokens) {
  if (options.memory == nullptr) return tokens.Scan(json);
  RETURN_IF_ERROR(tokens.Scan(json, *options.memory));
  return options.memory->Take(2 * json.size() + kTokenBytes * tokens.count());
}

}  // namespace

absl::Status JsonToMessage(std::string_view json, google::protobuf::Message& out, const ReadOptions& options) {
  Tokens tokens;
  RETURN_IF_ERROR(Scan(json, options, tokens));
  JsonWalk walk(tokens, options);
  const MessageTable& table = TableOf(*out.GetDescriptor());
  if (walk.ReadMessage(out, table, Path{})) walk.ReadEnd();
  return walk.status;
}

absl::Status JsonToField(std::string_view json, const google::protobuf::FieldDescriptor& field,
                         google::protobuf::Message& out, const ReadOptions& options) {
  Tokens tokens;
  RETURN_IF_ERROR(Scan(json, options, tokens));
  JsonWalk walk(tokens, options);
  const Path root;
  const FieldEntry* entry = TableOf(*out.GetDescriptor()).Find(field.name());
  if (entry == nullptr) return Error(Reason::INTERNAL, "the method's body field does not exist");
  if (walk.ReadField(out, *entry, root.Key(field.name()))) walk.ReadEnd();
  return walk.status;
}

}  // namespace sluice::json
