// One unary call over Connect: the body, or a GET's query, is the request message; the answer's body is the response, or the
// error as JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "call/call.h"
#include "transport/rest/answer.h"
#include "transport/rest/codec.h"
#include "transport/rest/request_body.h"

namespace sluice::connect {

class UnaryExchange final : public http::ExchangeHandler, public CallPort {
 public:
  UnaryExchange(const rest::CodecContext& context, http::Exchange& exchange)
      : context_(context), exchange_(exchange), body_(context, exchange) {}
  ~UnaryExchange() override {
    if (call_ != nullptr) call_->Detach();
  }

  // Makes the call, so that refusals are logged and counted too. A `refusal` ends it.
  void Begin(const Method& method, const absl::Status& refusal);

  // --- http::ExchangeHandler ---
  void OnBody(std::string_view bytes) override { body_.OnBody(bytes); }
  void OnBodyEnd() override;
  void OnDrain() override { call_->Drain(); }
  void OnClosed(http::CloseReason) override { call_->Detach(); }

  // --- CallPort ---
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  enum class Form { kJson, kProto };

  absl::Status CheckHead(const Method& method);
  absl::Status CheckPost(const Method& method);
  absl::Status CheckGet();
  absl::Status SetForm(std::string_view name, std::string_view sent);

  const rest::CodecContext& context_;
  http::Exchange& exchange_;
  std::shared_ptr<Call> call_;
  rest::RequestCollector body_;
  rest::RequestBody query_;  // of a GET: the message that its query held
  Form form_ = Form::kJson;
  std::string allow_;  // the verbs of a VERB_NOT_ALLOWED
  std::string answer_;
  rest::LateAnswer late_;
};

}  // namespace sluice::connect
