#include "api/text_classification/service.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "ai/inference/options.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "api/names.h"
#include "base/error.h"
#include "base/strings.h"
#include "call/unary.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/descriptor.h"
#include "pipeline/text_classification/task.h"

namespace sluice {
namespace {

using ai::inference::ClassifyRequest;
using ai::inference::ClassifyResponse;

constexpr int kTextsMax = 100;
constexpr std::string_view kTooMany = "最多支持100条文本批量处理";
// A call of fewer texts than two of these is not shared by idle workers: it would cost more than it saves.
constexpr size_t kSliceTextsMin = 25;
// A slice runs for about so long at most: what is more urgent waits no longer for it.
constexpr Duration kSliceTimeMax = std::chrono::milliseconds(10);

// A call in slices, each of them a job: joins what they answer.
struct Classification {
  std::shared_ptr<Call> call;
  std::unique_ptr<ClassifyRequest> request;
  std::vector<std::vector<uint32_t>> slices;  // indices of texts, plain ones before items
  std::vector<TextLabels> answers;            // as slices
  std::vector<Ticket> tickets;
  size_t missing = 0;
};

absl::Status CheckText(std::string_view text, std::string_view list, int index) {
  if (text.find('\0') == std::string_view::npos) return absl::OkStatus();
  return FieldError(Reason::INVALID_REQUEST, StrCat(list, "[", index, "]"),
                    StrCat(list, "[", index, "] contains a NUL character; send plain text"));
}

absl::Status Check(const ClassifyRequest& request) {
  if (request.texts_size() + request.items_size() > kTextsMax)
    return FieldError(Reason::BATCH_TOO_LARGE, "texts", kTooMany);
  for (int i = 0; i < request.texts_size(); ++i) RETURN_IF_ERROR(CheckText(request.texts(i), "texts", i));
  for (int i = 0; i < request.items_size(); ++i) {
    RETURN_IF_ERROR(CheckText(request.items(i).text(), "items", i));
    RETURN_IF_ERROR(CheckName("items.id", request.items(i).id()));
  }
  return absl::OkStatus();
}

std::string& TextAt(ClassifyRequest& request, uint32_t index) {
  const auto plain = static_cast<uint32_t>(request.texts_size());
  if (index < plain) return *request.mutable_texts(static_cast<int>(index));
  return *request.mutable_items(static_cast<int>(index - plain))->mutable_text();
}

// By the mean length of these texts.
uint8_t SizeOf(ClassifyRequest& request, const std::vector<uint32_t>& texts) {
  size_t bytes = 0;
  for (const uint32_t index : texts) bytes += TextAt(request, index).size();
  return SizeClassOf(bytes / texts.size());
}

// So that idle workers share it, and so that none runs it for long.
size_t SliceCount(const Pipeline& pipeline, const std::string& model, size_t texts, size_t bytes) {
  if (texts == 1) return 1;
  const Duration run = pipeline.PredictedRun(model, static_cast<double>(texts), SizeClassOf(bytes / texts));
  const size_t by_time = static_cast<size_t>(run / kSliceTimeMax) + 1;
  const size_t most = texts / kSliceTextsMin;
  const size_t by_workers = most < 2 ? 1 : std::clamp<size_t>(pipeline.IdleWorkers(), 1, most);
  return std::min(texts, std::max(by_time, by_workers));
}

// `count` (at least 1) slices of about the same number of bytes. Texts of like length are in one slice: batches of a
// slice are padded to their longest text.
std::vector<std::vector<uint32_t>> Slice(ClassifyRequest& request, size_t count) {
  std::vector<uint32_t> order(static_cast<size_t>(request.texts_size() + request.items_size()));
  std::iota(order.begin(), order.end(), 0);
  if (count == 1) return {std::move(order)};
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return TextAt(request, a).size() < TextAt(request, b).size(); });
  size_t bytes = 0, passed = 0;
  for (const uint32_t index : order) bytes += TextAt(request, index).size() + 1;
  std::vector<std::vector<uint32_t>> slices(count);
  for (const uint32_t index : order) {
    slices[passed * count / bytes].push_back(index);
    passed += TextAt(request, index).size() + 1;
  }
  std::erase_if(slices, [](const auto& slice) { return slice.empty(); });
  return slices;
}

void Answer(Classification& work) {
  const int plain = work.request->texts_size(), all = plain + work.request->items_size();
  google::protobuf::Arena arena;  // a hundred results at the price of a few
  auto& response = *google::protobuf::Arena::CreateMessage<ClassifyResponse>(&arena);
  response.mutable_results()->Reserve(all);
  for (int i = 0; i < all; ++i) {
    auto* result = response.add_results();
    if (i >= plain && work.request->items(i - plain).has_id()) result->set_id(work.request->items(i - plain).id());
  }
  for (size_t s = 0; s < work.slices.size(); ++s) {
    for (size_t i = 0; i < work.slices[s].size(); ++i) {
      auto* result = response.mutable_results(static_cast<int>(work.slices[s][i]));
      result->set_label(std::move(work.answers[s][i].label));
      result->set_confidence(work.answers[s][i].confidence);
    }
  }
  work.call->Reply(response);
}

void OnSlice(Classification& work, size_t index, absl::StatusOr<TextLabels> labels, const JobReport& report) {
  if (work.call->done()) return;
  if (!labels.ok()) return work.call->Fail(labels.status());
  MaxTimes(report, *work.call);  // slices run side by side
  work.answers[index] = *std::move(labels);
  if (--work.missing == 0) Answer(work);
}

void Classify(Pipeline& pipeline, std::shared_ptr<Call> call, std::unique_ptr<ClassifyRequest> request) {
  if (absl::Status status = Check(*request); !status.ok()) return call->Fail(std::move(status));
  const auto texts = static_cast<size_t>(request->texts_size()) + static_cast<size_t>(request->items_size());
  if (texts == 0) return call->Reply(ClassifyResponse());

  const std::string model = request->model_id().empty() ? call->method().options->default_model() : request->model_id();
  auto work = std::make_shared<Classification>();
  work->call = call;
  work->request = std::move(request);
  work->slices = Slice(*work->request, SliceCount(pipeline, model, texts, work->request->ByteSizeLong()));
  work->answers.resize(work->slices.size());
  work->missing = work->slices.size();
  for (size_t i = 0; i < work->slices.size(); ++i) {
    TextInput input;
    input.reserve(work->slices[i].size());
    const uint8_t size = SizeOf(*work->request, work->slices[i]);
    for (const uint32_t index : work->slices[i]) input.push_back(std::move(TextAt(*work->request, index)));
    Wanted wanted{
        .model_id = model, .deadline = call->deadline(), .cost = static_cast<double>(input.size()), .size = size};
    auto done = [work, i](absl::StatusOr<TextLabels> labels, const JobReport& report) {
      OnSlice(*work, i, std::move(labels), report);
    };
    auto ticket = pipeline.Submit<TextInput, TextLabels>(*call, std::move(wanted), kTextClassification,
                                                         std::move(input), std::move(done));
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
