// The transcoder against protobuf's own json_util: CPU per conversion, best of several rounds. Prints one line per
// case.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <string>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/testing/cpu_time.h"
#include "google/protobuf/util/json_util.h"
#include "json/base64.h"
#include "json/reader.h"
#include "json/writer.h"

namespace {

using google::protobuf::Message;

double CpuUs() { return sluice::ThreadCpuNs() / 1e3; }

double Best(int rounds, int times, const std::function<void()>& work) {
  double best = 1e18;
  for (int r = 0; r < rounds; ++r) {
    const double start = CpuUs();
    for (int i = 0; i < times; ++i) work();
    best = std::min(best, (CpuUs() - start) / times);
  }
  return best;
}

struct Cost {
  double ours_us, theirs_us;
};

template <typename M>
Cost Parse(const char* name, const std::string& json, int times) {
  const double ours = Best(7, times, [&] {
    M message;
    if (!sluice::json::JsonToMessage(json, message).ok()) std::abort();
  });
  const double theirs = Best(3, std::max(1, times / 10), [&] {
    M message;
    if (!google::protobuf::util::JsonStringToMessage(json, &message).ok()) std::abort();
  });
  std::printf("%-28s parse %9.1f us   json_util %9.1f us   %5.1f x\n", name, ours, theirs, theirs / ours);
  return {ours, theirs};
}

Cost Print(const char* name, const Message& message, int times) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = options.always_print_primitive_fields = true;
  const double ours = Best(7, times, [&] {
    std::string out;
    sluice::json::MessageToJson(message, out);
  });
  const double theirs = Best(3, std::max(1, times / 10), [&] {
    std::string out;
    if (!google::protobuf::util::MessageToJsonString(message, &out, options).ok()) std::abort();
  });
  std::printf("%-28s print %9.1f us   json_util %9.1f us   %5.1f x\n", name, ours, theirs, theirs / ours);
  return {ours, theirs};
}

void Classify() {
  ai::inference::ClassifyRequest request;
  ai::inference::ClassifyResponse response;
  for (int i = 0; i < 100; ++i) {
    request.add_texts("特斯拉发布新款电动车，续航里程超过八百公里 " + std::to_string(i));
    auto* result = response.add_results();
    result->set_label("科技");
    result->set_confidence(0.5f + static_cast<float>(i) * 0.00471f);
  }
  std::string json;
  sluice::json::MessageToJson(request, json);
  const Cost parse = Parse<ai::inference::ClassifyRequest>("classify, 100 texts", json, 2000);
  const Cost print = Print("classify, 100 results", response, 2000);
  const double ours = parse.ours_us + print.ours_us, theirs = parse.theirs_us + print.theirs_us;
  std::printf("%-28s both  %9.1f us   json_util %9.1f us   %5.1f x\n", "classify", ours, theirs, theirs / ours);
}

void Image() {
  std::mt19937 random(1);
  ai::inference::RecognizeRequest request;
  for (int i = 0; i < 1'000'000; ++i) request.mutable_image()->push_back(static_cast<char>(random()));
  std::string json;
  sluice::json::MessageToJson(request, json);
  Parse<ai::inference::RecognizeRequest>("image, 1.33 MB of base64", json, 100);
  Print("image, 1 MB", request, 100);
  std::string text;
  sluice::json::Base64Encode(request.image(), text);
  const double decode = Best(9, 50, [&] {
    std::string out;
    if (!sluice::json::Base64Decode(text, out)) std::abort();
  });
  std::printf("%-28s       %9.1f us\n", "base64 alone, decode", decode);
}

void Floats() {
  std::mt19937 random(2);
  ai::inference::testing::Repeated message;
  for (int i = 0; i < 38'400; ++i) message.add_float_values(static_cast<float>(random()) / 4e9f);
  std::string json;
  sluice::json::MessageToJson(message, json);
  Parse<ai::inference::testing::Repeated>("38,400 floats", json, 50);
  Print("38,400 floats", message, 50);
}

}  // namespace

int main() {
  Classify();
  Image();
  Floats();
}
