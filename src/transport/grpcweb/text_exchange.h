// gRPC-Web's text form: base64 around a gRPC exchange, which sees bytes only.
#pragma once

#include <string>
#include <string_view>

#include "transport/grpc/exchange.h"
#include "transport/grpcweb/base64_stream.h"
#include "transport/grpcweb/wire.h"

namespace sluice::grpcweb {

class TextExchange final : public http::ExchangeHandler, private http::Exchange {
 public:
  // `text_request`: the request is text, too; the answer is.
  TextExchange(const transport::Context& context, http::Exchange& exchange, bool text_request)
      : exchange_(exchange),
        response_buffer_bytes_(context.options.response_buffer_bytes),
        text_request_(text_request),
        inside_(context, kTextWire, *this) {}

  // The exchange inside the base64.
  grpc::GrpcExchange& inside() { return inside_; }

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override;
  void OnBodyEnd() override;
  void OnWritable() override;
  bool AwaitsBody() const override { return inside_.AwaitsBody(); }
  size_t KeptBytes() const override { return inside_.KeptBytes(); }
  void OnDrain() override { inside_.OnDrain(); }
  void OnNoMemory() override { inside_.OnNoMemory(); }
  void OnClosed(http::CloseReason reason) override { inside_.OnClosed(reason); }

 private:
  // --- http::Exchange ---
  const http::RequestHead& head() const override { return exchange_.head(); }
  Loop& loop() override { return exchange_.loop(); }
  void ConsumeBody(size_t bytes) override;
  void SendHead(int status, const Headers& headers, bool end) override { exchange_.SendHead(status, headers, end); }
  void SendBody(std::string bytes, bool end) override;
  void SendTrailers(const Headers& trailers) override { exchange_.SendTrailers(trailers); }
  size_t UnsentBytes() const override { return exchange_.UnsentBytes() + later_.size() - later_at_; }
  void Reset() override { exchange_.Reset(); }

  void SendLater();

  http::Exchange& exchange_;
  const size_t response_buffer_bytes_;
  const bool text_request_;
  Base64Stream base64_;
  size_t given_before_ = 0;  // of decoded bytes whose characters came in an earlier piece
  std::string later_;        // large frames become base64 as the client reads
  size_t later_at_ = 0;
  bool last_ = false;  // nothing comes behind `later_`
  grpc::GrpcExchange inside_;
};

}  // namespace sluice::grpcweb
