// One gRPC-Web call: gRPC's exchange with the trailers as the body's last frame and, in the text form, base64 around all.
#pragma once

#include <string>
#include <string_view>

#include "transport/grpc/exchange.h"
#include "transport/grpcweb/base64_stream.h"

namespace sluice::grpcweb {

class GrpcWebExchange final : public grpc::GrpcExchange {
 public:
  GrpcWebExchange(const grpc::CodecContext& context, http::Exchange& exchange);

  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override;
  bool CanWrite() const override { return later_.empty() && GrpcExchange::CanWrite(); }

 private:
  Wire wire() const override { return {.protocol = Protocol::kGrpcWeb}; }
  absl::Status CheckType(std::string_view content_type, const Method& method) override;
  std::string_view answer_type() const override;
  // Pages may not read a head's fields unless CORS exposes them; a body they can always read.
  bool has_trailers_only() const override { return false; }
  bool TakesPieces() const override { return false; }
  void SendFrame(std::string frame) override;
  void SendTrailers(const Headers& trailers) override;

  const bool text_request_, text_answer_;
  void SendText(std::string frame);
  void SendLater();

  Base64Stream base64_;
  std::string later_;  // of the text form: large frames become base64 as the client reads
  size_t later_at_ = 0;
  bool last_ = false;  // nothing comes behind `later_`
};

}  // namespace sluice::grpcweb
