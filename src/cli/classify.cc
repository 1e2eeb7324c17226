// sluice classify: labels texts from the command line or standard input, by a running server.
#include <cstdio>
#include <iostream>
#include <span>

#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/http_client.h"
#include "json/reader.h"
#include "json/writer.h"

namespace sluice::cli {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

constexpr size_t kTextsPerCall = 100;

struct Flags {
  std::vector<std::string> texts;
  std::string server = "http://127.0.0.1:8000";
  std::string model = "news_classification_v1";
  bool json = false;
};

absl::StatusOr<ClassifyResponse> Call(const Flags& flags, const ClassifyRequest& request) {
  std::string body;
  json::MessageToJson(request, body);
  ASSIGN_OR_RETURN(const HttpAnswer answer,
                   HttpPost(flags.server, "/api/v1/classify", "application/json", std::move(body)));
  if (answer.status != 200)
    return Error(Reason::INVALID_REQUEST, StrCat("the server answered ", answer.status, ": ", answer.body));
  ClassifyResponse response;
  RETURN_IF_ERROR(json::JsonToMessage(answer.body, response, {.ignore_unknown_fields = true}));
  return response;
}

absl::Status ClassifyTexts(const Flags& flags, std::span<const std::string> texts) {
  ClassifyRequest request;
  request.set_model_id(flags.model);
  for (const std::string& text : texts) request.add_texts(text);
  ASSIGN_OR_RETURN(const ClassifyResponse response, Call(flags, request));
  for (int i = 0; i < response.results_size(); ++i) {
    const auto& result = response.results(i);
    if (flags.json) {
      std::string line;
      json::MessageToJson(result, line);
      std::printf("%s\n", line.c_str());
    } else {
      std::printf("%s\t%.3f\t%s\n", result.label().c_str(), result.confidence(), texts[static_cast<size_t>(i)].c_str());
    }
  }
  return absl::OkStatus();
}

int Classify(Flags flags) {
  if (flags.texts.empty()) {
    for (std::string line; std::getline(std::cin, line);)
      flags.texts.emplace_back(flags.texts.empty() ? WithoutBom(line) : std::string_view(line));
  }
  for (std::span<const std::string> left = flags.texts; !left.empty();) {
    const auto now = left.first(std::min(left.size(), kTextsPerCall));
    if (const absl::Status status = ClassifyTexts(flags, now); !status.ok()) {
      std::fprintf(stderr, "sluice: %s\n", std::string(status.message()).c_str());
      return 1;
    }
    left = left.subspan(now.size());
  }
  return 0;
}

}  // namespace

void AddClassify(CommandLine& line) {
  auto flags = std::make_shared<Flags>();
  Command command = line.Add("classify", "Classify short Chinese texts");
  command.Add("TEXT", flags->texts, "Texts; if none are given, each line of standard input is one");
  command.Add("--server", flags->server, "Address of a running server").ShowDefault();
  command.Add("--model", flags->model, "Model id").ShowDefault();
  command.Add("--json", flags->json, "Print one JSON object per text");
  command.Run([flags] { return Classify(*flags); });
}

}  // namespace sluice::cli
