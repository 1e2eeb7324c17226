// The services over the models of fake_models.h, and how an item with a content is asked and answered in each of them.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/multimodal.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "api/image_recognition/service.h"
#include "api/multimodal/service.h"
#include "api/open_inference/service.h"
#include "api/testing/fake_models.h"
#include "api/text_classification/service.h"
#include "inference/grpc_service.pb.h"
#include "pipeline/testing/simulated_call.h"

namespace sluice {

// A Simulation that serves them all.
class ServedSimulation : public Simulation {
 public:
  explicit ServedSimulation(Options options = FakeModels()) : Simulation(std::move(options)) {
    const StreamOptions streams{.draining = &draining};
    RegisterImageRecognition(methods, pipeline, {.streams = streams, .frames_max = 10});
    RegisterTextClassification(methods, pipeline);
    RegisterMultimodal(methods, pipeline, {.text = "texts", .image = "pictures", .audio = "sounds"}, streams);
    RegisterOpenInference(methods, {.pipeline = pipeline, .catalog = catalog, .draining = draining});
  }

  std::atomic<bool> draining{false};
};

// A method that answers a message about one item with a message about it. An empty content is refused by the handler's
// check.
struct ItemMethod {
  const char* title;
  const char* name;
  MessagePtr (*request)(const std::string& content);
  // What came back: the content, or "!" and the reason or message of the item's error.
  std::string (*answer)(const Message& answer);
};

inline MessagePtr RecognizeItem(const std::string& content) {
  auto request = std::make_unique<ai::inference::RecognizeRequest>();
  request->set_model_id("pictures");
  request->set_image(content);
  return request;
}

inline std::string ErrorText(const google::rpc::Status& error) { return "!" + error.message(); }

inline std::string RecognizedItem(const Message& message) {
  const auto& answer = static_cast<const ai::inference::RecognizeResponse&>(message);
  return answer.has_error() ? ErrorText(answer.error()) : answer.labels(0).label();
}

inline MessagePtr ClassifyItem(const std::string& content) {
  auto request = std::make_unique<ai::inference::ClassifyRequest>();
  request->set_model_id("texts");
  request->add_texts(content.empty() ? std::string(1, '\0') : content);
  return request;
}

inline std::string ClassifiedItem(const Message& message) {
  return static_cast<const ai::inference::ClassifyResponse&>(message).results(0).label();
}

inline MessagePtr AnalyzeItem(const std::string& content) {
  auto request = std::make_unique<ai::inference::MultimodalRequest>();
  request->set_text(content);
  return request;
}

inline std::string AnalyzedItem(const Message& message) {
  const auto& answer = static_cast<const ai::inference::MultimodalResponse&>(message);
  return answer.has_error() ? ErrorText(answer.error()) : answer.text().result().label();
}

inline MessagePtr InferItem(const std::string& content) {
  auto request = std::make_unique<inference::ModelInferRequest>();
  request->set_model_name("tensors");
  auto& input = *request->add_inputs();
  input.set_name("input");
  input.set_datatype(content.empty() ? "NONE" : "UINT8");
  input.add_shape(static_cast<int64_t>(content.size()));
  request->add_raw_input_contents(content);
  return request;
}

inline std::string InferredItem(const Message& message) {
  return static_cast<const inference::ModelInferResponse&>(message).raw_output_contents(0);
}

inline std::string StreamInferredItem(const Message& message) {
  const auto& answer = static_cast<const inference::ModelStreamInferResponse&>(message);
  return answer.error_message().empty() ? InferredItem(answer.infer_response()) : "!" + answer.error_message();
}

}  // namespace sluice
