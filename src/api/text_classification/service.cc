#include "api/text_classification/service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ai/inference/options.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/unary.h"
#include "google/protobuf/descriptor.h"
#include "pipeline/text_classification/task.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

constexpr int kTextsMax = 100;
constexpr std::string_view kTooMany = "最多支持100条文本批量处理";
// Texts of one job: a call of 100 keeps two workers busy, and a short call is not held up behind a long one.
constexpr size_t kSliceTexts = 50;

// A call in slices: joins what the slices' jobs answer.
struct Classification {
  std::shared_ptr<Call> call;
  std::unique_ptr<ClassifyRequest> request;
  std::vector<TextLabels> slices;
  std::vector<Ticket> tickets;
  size_t missing = 0;
};

absl::Status CheckText(std::string_view text, std::string_view list, int index) {
  if (text.find('\0') == std::string_view::npos) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, StrCat(list, "[", index, "]"),
                    StrCat(list, "[", index, "] holds a NUL character; send plain text"));
}

absl::Status Check(const ClassifyRequest& request) {
  if (request.texts_size() + request.items_size() > kTextsMax)
    return FieldError(Reason::BATCH_TOO_LARGE, "texts", kTooMany);
  for (int i = 0; i < request.texts_size(); ++i) RETURN_IF_ERROR(CheckText(request.texts(i), "texts", i));
  for (int i = 0; i < request.items_size(); ++i) RETURN_IF_ERROR(CheckText(request.items(i).text(), "items", i));
  return absl::OkStatus();
}

std::vector<TextInput> Slice(ClassifyRequest& request) {
  std::vector<TextInput> slices;
  const auto add = [&](std::string& text) {
    if (slices.empty() || slices.back().size() == kSliceTexts) slices.emplace_back().reserve(kSliceTexts);
    slices.back().push_back(std::move(text));
  };
  for (std::string& text : *request.mutable_texts()) add(text);
  for (auto& item : *request.mutable_items()) add(*item.mutable_text());
  return slices;
}

void Answer(Classification& work) {
  ClassifyResponse response;
  const int plain = work.request->texts_size();
  response.mutable_results()->Reserve(plain + work.request->items_size());
  for (TextLabels& slice : work.slices) {
    for (LabelledText& one : slice) {
      const int index = response.results_size();
      auto* result = response.add_results();
      result->set_label(std::move(one.label));
      result->set_confidence(one.confidence);
      if (index >= plain && work.request->items(index - plain).has_id())
        result->set_id(work.request->items(index - plain).id());
    }
  }
  work.call->Reply(response);
}

void OnSlice(Classification& work, size_t index, absl::StatusOr<TextLabels> labels, const JobTimes& times) {
  if (work.call->done()) return;
  if (!labels.ok()) return work.call->Fail(labels.status());
  // Slices run side by side: the log shows the longest of each.
  CallUse& use = work.call->use;
  use.queue_ms = std::max(use.queue_ms, times.queue_ms);
  use.decode_ms = std::max(use.decode_ms, times.decode_ms);
  use.infer_ms = std::max(use.infer_ms, times.infer_ms);
  work.slices[index] = *std::move(labels);
  if (--work.missing == 0) Answer(work);
}

void Classify(Pipeline& pipeline, std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest> request) {
  if (absl::Status status = Check(*request); !status.ok()) return call->Fail(std::move(status));
  std::vector<TextInput> slices = Slice(*request);
  if (slices.empty()) return call->Reply(ClassifyResponse());

  const std::string model = request->model_id().empty() ? call->method().options->default_model() : request->model_id();
  auto work = std::make_shared<Classification>();
  work->call = call;
  work->request = std::move(request);
  work->slices.resize(slices.size());
  work->missing = slices.size();
  for (size_t i = 0; i < slices.size(); ++i) {
    ModelUse use{
        .model_id = model, .method = call->method().name, .key_id = call->key_id, .deadline = call->deadline()};
    const auto cost = static_cast<double>(slices[i].size());
    auto done = [work, i](absl::StatusOr<TextLabels> labels, const JobTimes& times) {
      OnSlice(*work, i, std::move(labels), times);
    };
    auto ticket = pipeline.Submit<TextInput, TextLabels>(std::move(use), kTextClassification, *call,
                                                         std::move(slices[i]), std::move(done), cost);
    if (!ticket.ok()) {
      for (const Ticket waiting : work->tickets) pipeline.Cancel(waiting);
      return call->Fail(ticket.status());
    }
    work->tickets.push_back(*ticket);
  }
  call->OnFailure([&pipeline, tickets = work->tickets] {
    for (const Ticket ticket : tickets) pipeline.Cancel(ticket);
  });
}

}  // namespace

void RegisterTextClassification(MethodTable& methods, Pipeline& pipeline) {
  const auto* service = ClassifyRequest::descriptor()->file()->FindServiceByName("TextClassification");
  methods.Add(service->FindMethodByName("Classify"),
              Unary<ClassifyRequest>([&pipeline](std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest> request) {
                Classify(pipeline, std::move(call), std::move(request));
              }));
}

}  // namespace sluice
