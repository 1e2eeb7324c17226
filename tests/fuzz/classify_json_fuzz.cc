// Any bytes as the body of POST /api/v1/classify and /api/v1/classify:batch: what is taken must go through the text
// pipeline's preparation, and its answer must print and read back.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "ai/inference/text_classification.pb.h"
#include "call/method.h"
#include "json/reader.h"
#include "json/writer.h"
#include "pipeline/text_classification/ngrams.h"
#include "pipeline/text_classification/normalize.h"
#include "transport/rest/decode_request.h"
#include "transport/rest/router.h"

namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

constexpr size_t kBytesMax = 1 << 20;

// The method and its routes, as the server has them.
struct Api {
  sluice::MethodTable methods;
  sluice::rest::Router router;
  Api() {
    const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
    methods.Add(service->FindMethodByName("Classify"), [](sluice::Call&) { return nullptr; });
    if (!router.Add(methods.all()[0]->descriptor, 0).ok()) std::abort();
  }
};

void Prepare(const std::string& text) {
  std::u32string normalised;
  std::vector<int64_t> ids;
  // JSON texts are valid UTF-8, so the pipeline never refuses one.
  if (!sluice::NormalizeText(text, {.length_max = 128}, normalised).ok()) std::abort();
  sluice::HashNgrams(normalised, {}, ids);
  if (ids.empty()) std::abort();
}

void CheckAnswer(const ClassifyRequest& request) {
  ClassifyResponse response, again;
  for (const std::string& text : request.texts()) response.add_results()->set_label(text);
  for (const auto& item : request.items()) {
    auto* result = response.add_results();
    result->set_confidence(1.0f / static_cast<float>(response.results_size()));
    if (item.has_id()) result->set_id(item.id());
  }
  std::string json;
  sluice::json::MessageToJson(response, json);
  if (!sluice::json::JsonToMessage(json, again).ok()) std::abort();
  if (again.SerializeAsString() != response.SerializeAsString()) std::abort();
}

void Check(const Api& api, const char* path, const sluice::rest::RequestBody& body) {
  sluice::rest::RouteMatch route;
  if (!api.router.Match("POST", path, route).ok()) std::abort();
  static sluice::Budget budget(64 << 20, 1);
  sluice::BudgetHold hold;
  sluice::DecodeMemory memory(budget, hold, kBytesMax);
  const auto decoded = sluice::rest::DecodeRequest(*api.methods.all()[0], route, body, memory);
  if (!decoded.ok()) {
    if (decoded.status().message().empty()) std::abort();
    return;
  }
  const auto& request = static_cast<const ClassifyRequest&>(**decoded);
  for (const std::string& text : request.texts()) Prepare(text);
  for (const auto& item : request.items()) Prepare(item.text());
  CheckAnswer(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Api api;
  const sluice::rest::RequestBody body{.content_type = "application/json",
                                       .content_encoding = "",
                                       .query = "",
                                       .bytes = {reinterpret_cast<const char*>(data), size}};
  Check(api, "/api/v1/classify", body);
  Check(api, "/api/v1/classify:batch", body);
  return 0;
}
