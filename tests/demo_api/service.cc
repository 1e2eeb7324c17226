#include "api/demo/service.h"

#include <algorithm>
#include <memory>
#include <string>

#include "ai/demo/demo.pb.h"
#include "base/error.h"
#include "call/unary.h"

namespace sluice {
namespace {

using ai::demo::ReverseRequest;
using ai::demo::ReverseResponse;

void Reverse(std::shared_ptr<Call> call, std::unique_ptr<ReverseRequest> request) {
  std::string& text = *request->mutable_text();
  if (text.empty()) return call->Fail(FieldError(Reason::INVALID_REQUEST, "text", "text is empty; send some"));
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!ascii) return call->Fail(FieldError(Reason::INVALID_REQUEST, "text", "text is not ASCII; send plain letters"));
  ReverseResponse response;
  response.mutable_text()->assign(text.rbegin(), text.rend());
  call->Reply(response);
}

}  // namespace

void RegisterTextPlay(MethodTable& methods) {
  const auto* service = ReverseRequest::descriptor()->file()->FindServiceByName("TextPlay");
  methods.Add(service->FindMethodByName("Reverse"), Unary<ReverseRequest>(Reverse));
}

}  // namespace sluice
