// One streaming call over Connect: gRPC's frames with protobuf or JSON in them, and the end of the stream as the last frame.
#pragma once

#include <string>
#include <string_view>

#include "transport/grpc/exchange.h"

namespace sluice::connect {

// Whether the client speaks the streaming form: application/connect+json or application/connect+proto.
bool IsStreamRequest(const http::RequestHead& head);

class StreamExchange final : public grpc::GrpcExchange {
 public:
  StreamExchange(const grpc::CodecContext& context, http::Exchange& exchange);

 private:
  Wire wire() const override;
  absl::Status CheckType(std::string_view, const Method&) override { return absl::OkStatus(); }  // IsStreamRequest did
  std::string_view answer_type() const override;
  bool has_trailers_only() const override { return false; }
  bool TakesPieces() const override { return false; }
  void SendStatus(Call& call, const absl::Status& status) override;
  void Print(const Message& message, std::string& out) const override;

  const bool json_;
};

}  // namespace sluice::connect
