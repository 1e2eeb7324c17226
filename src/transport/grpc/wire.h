// What the protocols with gRPC's frames do each in its own way: gRPC, gRPC-Web (transport/grpcweb) and Connect's
// streams (transport/connect).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "call/call.h"
#include "transport/grpc/parse_message.h"
#include "transport/http/exchange.h"

namespace sluice::grpc {

// Lives for ever.
struct Wire {
  Protocol protocol = Protocol::kGrpc;
  std::string_view answer_type;
  // The header fields that name a compression.
  const char* encoding = "grpc-encoding";
  const char* accept_encoding = "grpc-accept-encoding";
  // Of messages in frames, both ways; `print` appends.
  MessageForm form = {};
  void (*print)(const Message& message, std::string& out) = nullptr;
  // An error when the request's type (its parameters apart), or the method's kind, is not served.
  absl::Status (*check)(std::string_view content_type, const Method& method) = nullptr;
  // Ends the response.
  void (*send_status)(http::Exchange& exchange, Call& call, const absl::Status& status) = nullptr;
  // An error without a message may be told by the head alone.
  bool trailers_only = false;
  // A frame may be sent piece by piece; not where it is encoded as a whole.
  bool pieces = false;
};

inline void PrintProto(const Message& message, std::string& out) { message.AppendToString(&out); }

}  // namespace sluice::grpc
