// Whole answers: the JSON of a result, or an error as application/problem+json.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/lifeline.h"
#include "call/call.h"
#include "transport/context.h"
#include "transport/http/exchange.h"

namespace sluice::rest {

// Sends head and body, with the call's response headers after `headers`; compressed for clients that take it when it is
// at least `gzip_bytes_min` long.
void SendWhole(http::Exchange& exchange, Call& call, int status, std::string_view content_type, std::string body,
               size_t gzip_bytes_min, Headers headers = {});

// What a message holds of the budget while its JSON is made: itself, and its text (base64 of the largest fields).
inline size_t JsonAnswerBytes(const Message& message) { return 3 * message.ByteSizeLong(); }

// A message that takes too long for a loop to print and pack: a worker does. A member of the exchange.
class LateAnswer {
 public:
  using Print = std::function<void(const Message&, std::string&)>;

  // Takes the message if it is large; false: it is not.
  bool Take(Message& message);
  bool taken() const { return message_ != nullptr; }
  // Of the message; what goes on the wire is not known yet.
  size_t bytes() const { return message_->ByteSizeLong(); }
  // SendWhole with status 200, later; unless the exchange is gone by then, and this with it. `context` and `exchange`
  // outlive it.
  void Send(const transport::Context& context, http::Exchange& exchange, Call& call, Print print,
            std::string_view content_type, Headers headers = {});

 private:
  struct Parcel;
  MessagePtr message_;
  Lifeline lifeline_;
};

// The JSON of a response, or of the one field that response_body names.
void PrintAnswer(const google::protobuf::FieldDescriptor* field, const Message& message, std::string& out);

// Both send head and body, with the call's response headers, and compress for clients that take it what is at least
// `gzip_bytes_min` long.
// Answers OPTIONS of a path that takes `allow`; false when it was asked for something else, or the path takes nothing.
bool AnswerOptions(http::Exchange& exchange, const Call& call, std::string_view allow);

void SendJson(http::Exchange& exchange, Call& call, std::string json, size_t gzip_bytes_min);
// `allow`: the verbs of a VERB_NOT_ALLOWED, else empty.
void SendProblem(http::Exchange& exchange, Call& call, const absl::Status& status, std::string_view allow,
                 size_t gzip_bytes_min);

}  // namespace sluice::rest
