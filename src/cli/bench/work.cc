#include "cli/bench/work.h"

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "cli/picture_file.h"
#include "json/writer.h"
#include "transport/grpc/framing.h"

namespace sluice::cli::bench {
namespace {

constexpr const char* kText = "中国女排获得世界杯冠军";

using google::protobuf::Message;

Work OverGrpc(std::string path, const Message* message) {
  const std::string bytes = message == nullptr ? std::string() : message->SerializeAsString();
  Work work{.grpc = true, .path = std::move(path)};
  work.headers = {{"content-type", "application/grpc"}, {"te", "trailers"}};
  work.body.resize(grpc::kFrameHeaderBytes);
  grpc::PutFrameHeader(work.body.data(), bytes.size(), false);
  work.body += bytes;
  return work;
}

Work AsJson(std::string path, const Message& message) {
  Work work{.path = std::move(path), .headers = {{"content-type", "application/json"}}};
  json::MessageToJson(message, work.body);
  return work;
}

absl::StatusOr<Work> Recognize(const WorkOptions& options) {
  if (options.input.empty()) return Error(Reason::INVALID_REQUEST, "recognize needs --input IMAGE");
  ASSIGN_OR_RETURN(std::string image, ReadFile(options.input));
  if (options.protocol == "rest") {
    Work work{.path = "/api/v1/recognize", .headers = {{"content-type", std::string(MediaType(image))}}};
    if (!options.model.empty()) work.path += StrCat("?model_id=", options.model);
    work.body = std::move(image);
    return work;
  }
  ai::inference::RecognizeRequest request;
  request.set_image(std::move(image));
  request.set_model_id(options.model);
  return options.protocol == "grpc" ? OverGrpc("/ai.inference.ImageRecognition/Recognize", &request)
                                    : AsJson("/api/v1/recognize", request);
}

// The first lines that hold anything; again from the first when the file has too few.
absl::StatusOr<std::vector<std::string>> Texts(const WorkOptions& options) {
  std::vector<std::string> lines = {kText}, texts;
  if (!options.input.empty()) {
    ASSIGN_OR_RETURN(const std::string file, ReadFile(options.input));
    lines.clear();
    for (size_t at = 0; at < file.size();) {
      const size_t end = std::min(file.find('\n', at), file.size());
      if (end > at) lines.push_back(file.substr(at, end - at));
      at = end + 1;
    }
    if (lines.empty()) return Error(Reason::INVALID_REQUEST, StrCat(options.input, " holds no text"));
  }
  for (size_t i = 0; i < static_cast<size_t>(options.texts); ++i) texts.push_back(lines[i % lines.size()]);
  return texts;
}

absl::StatusOr<Work> Classify(const WorkOptions& options) {
  ai::inference::ClassifyRequest request;
  ASSIGN_OR_RETURN(const auto texts, Texts(options));
  for (const std::string& text : texts) request.add_texts(text);
  request.set_model_id(options.model);
  return options.protocol == "grpc" ? OverGrpc("/ai.inference.TextClassification/Classify", &request)
                                    : AsJson("/api/v1/classify", request);
}

Work Health(const WorkOptions& options) {
  if (options.protocol == "grpc") return OverGrpc("/grpc.health.v1.Health/Check", nullptr);
  return {.verb = "GET", .path = "/healthz"};
}

}  // namespace

absl::StatusOr<Work> MakeWork(const WorkOptions& options) {
  const std::string& protocol = options.protocol;
  if (protocol != "rest" && protocol != "json" && protocol != "grpc") {
    return Error(Reason::INVALID_REQUEST, StrCat("--protocol is rest, json or grpc, not '", protocol, "'"));
  }
  if (options.method == "recognize") return Recognize(options);
  if (options.method == "classify") return Classify(options);
  if (options.method == "health") return Health(options);
  return Error(Reason::INVALID_REQUEST, StrCat("METHOD is recognize, classify or health, not '", options.method, "'"));
}

}  // namespace sluice::cli::bench
