// An rpc as the server knows it: descriptor, options and handler, registered once. REST routes, reflection, OpenAPI and
// metric labels come from here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/work_class.h"
#include "google/protobuf/message.h"

namespace ai::inference {
class MethodOptions;
}

namespace sluice {

class Call;
using google::protobuf::Message;
using MessagePtr = std::unique_ptr<Message>;

// One per call, made when the call's first message (unary) or head (client stream) passed the chain. Lives as long as
// the Call; all functions run on the call's loop.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // A request message; the handler calls Call::ReadMore() when it can take the next one of a client stream.
  virtual void OnMessage(MessagePtr message) = 0;
  // The client has sent everything.
  virtual void OnRequestEnd() {}
  // The peer took response bytes: Call::CanWrite() turned true again.
  virtual void OnWritable() {}
  // The server stops: a stream that could stay open for long answers what it accepted and ends with SHUTTING_DOWN.
  virtual void OnDrain() {}
  // The call ended without the handler: cancelled, deadline, lost connection. Stop work; nothing more is called.
  virtual void OnCancel() {}
};

struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::string path;  // "/ai.inference.ImageRecognition/Recognize"
  std::string name;  // "ai.inference.ImageRecognition/Recognize": logs and metric labels
  const Message* request_prototype = nullptr;
  bool client_streaming = false;
  bool server_streaming = false;
  Duration default_deadline = Duration::zero();           // 0 = the server's default
  bool deadline_per_message = false;                      // streams that live long
  size_t request_bytes_max = SIZE_MAX;                    // of a request message; the server's own bound holds too
  size_t request_parts_max = 10'000;                      // messages, texts and map entries in a request message
  bool may_be_idle = false;                               // a stream that lives long although nothing moves on it
  std::optional<WorkClass> work_class;                    // of its calls; none: it gives the workers nothing
  bool quiet = false;                                     // successes stay out of the access log
  const ai::inference::MethodOptions* options = nullptr;  // the extension; never null
  std::function<std::unique_ptr<CallHandler>(Call&)> start;
  // What a handler wants done to a request message before it gets it, because it takes long or leaves a smaller
  // message: runs where the message is decoded, on a worker when that is large. May be empty. An error ends the call,
  // also a stream.
  std::function<absl::Status(Message&)> prepare;
  // Bytes that work on the prepared message takes beside it, where they are many: counted before, and for as long as
  // the message is. May be empty.
  std::function<size_t(const Message&)> work_bytes;

  MessagePtr NewRequest() const { return MessagePtr(request_prototype->New()); }
};

// Stands for paths that name no method, so that refused calls are logged and counted like others. Cannot be started.
const Method& UnknownMethod();

// Immutable after start-up, then shared by all threads.
class MethodTable {
 public:
  // `descriptor` must be of the generated pool, so that the handler gets generated message types. What it returns may
  // be changed until the table is used.
  Method& Add(const google::protobuf::MethodDescriptor* descriptor,
              std::function<std::unique_ptr<CallHandler>(Call&)> start);
  // By gRPC path; null when unknown.
  const Method* Find(std::string_view path) const;
  const std::vector<std::unique_ptr<Method>>& all() const { return methods_; }

 private:
  std::vector<std::unique_ptr<Method>> methods_;
  absl::flat_hash_map<std::string, const Method*> by_path_;
};

}  // namespace sluice
