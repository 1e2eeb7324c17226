// One unary call over Connect: the body, or a GET's query, is the request message; the answer's body is the response,
// or the error as JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "transport/body_exchange.h"
#include "transport/connect/get_query.h"
#include "transport/rest/answer.h"

namespace sluice::connect {

class UnaryExchange final : public transport::BodyExchange {
 public:
  UnaryExchange(const transport::Context& context, http::Exchange& exchange)
      : BodyExchange(context, exchange, Protocol::kConnect) {}

  // One of them, once. Each makes the call, so that refusals are logged and counted, too.
  void Start(const Method& method);
  void Refuse(const Method& method, absl::Status refusal) { RefuseCall(method, std::move(refusal)); }

  void OnBodyEnd() override;
  size_t AnswerBytes(const Message& message) const override { return rest::JsonAnswerBytes(message); }
  size_t Write(const Message& message) override;
  size_t WriteLast(Message&& message) override;
  void End(Call& call, const absl::Status& status) override;

 private:
  enum class Form { kJson, kProto };

  absl::Status CheckHead(const Method& method);
  absl::Status CheckPost(const Method& method);
  absl::Status CheckGet();
  // Decoding takes too long for a loop.
  bool IsChore(std::string_view bytes, bool coded) const;
  absl::Status SetForm(std::string_view name, std::string_view sent);

  GetQuery query_;  // of a GET, instead of a body
  Form form_ = Form::kJson;
  std::string allow_;  // the verbs of a VERB_NOT_ALLOWED
  std::string answer_;
  rest::LateAnswer late_;
};

}  // namespace sluice::connect
