#include "pipeline/text_classification/classifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "pipeline/model_files.h"

namespace sluice {
namespace {

// How texts go through a model: a batch is padded to its longest text, so texts of like length share one. An encoder
// pays for each padded token, a bag for each call. Measured: docs/models.md.
struct Packing {
  size_t texts_max;  // of a batch
  size_t width_step;
};
constexpr Packing kBagPacking{.texts_max = 100, .width_step = 16};
constexpr Packing kBertPacking{.texts_max = 25, .width_step = 4};

const Packing& PackingOf(const TextModel& model) { return model.wordpiece == nullptr ? kBagPacking : kBertPacking; }

absl::StatusOr<std::vector<size_t>> InputsOf(const ModelVersion& version, size_t wanted) {
  const auto& names = version.manifest().text_classification().inputs();
  const auto& inputs = version.signature().inputs;
  if (inputs.size() != wanted) {
    return Error(Reason::MODEL_UNAVAILABLE,
                 StrCat("the model has ", inputs.size(), " inputs; its tokenizer produces ", wanted));
  }
  std::vector<size_t> order(wanted);
  std::iota(order.begin(), order.end(), 0);
  for (int i = 0; i < names.size() && i < static_cast<int>(wanted); ++i) {
    const auto it = std::find_if(inputs.begin(), inputs.end(), [&](const TensorSpec& s) { return s.name == names[i]; });
    if (it == inputs.end()) return Error(Reason::MODEL_UNAVAILABLE, StrCat("the model has no input '", names[i], "'"));
    order[i] = static_cast<size_t>(it - inputs.begin());
  }
  for (const TensorSpec& input : inputs) {
    if (input.dtype != DType::kInt64 || input.shape.size() != 2) {
      return Error(Reason::MODEL_UNAVAILABLE, StrCat("input '", input.name, "' must be int64 with 2 dimensions"));
    }
  }
  return order;
}

TextLabel Best(std::span<const float> outputs, bool logits) {
  const auto best = std::max_element(outputs.begin(), outputs.end());
  float confidence = *best;
  if (logits) {
    float sum = 0;
    for (const float value : outputs) sum += std::exp(value - *best);
    confidence = 1 / sum;
  }
  return {.label = static_cast<int>(best - outputs.begin()), .confidence = std::clamp(confidence, 0.0f, 1.0f)};
}

}  // namespace

absl::StatusOr<TextModel> MakeTextModel(const ModelVersion& version) {
  const config::TextClassification& options = version.manifest().text_classification();
  const bool bert = options.kind() == config::TextClassification::BERT;
  TextModel model;
  ASSIGN_OR_RETURN(model.labels, ReadLabels(version, options.labels()));
  model.normalize = {.enabled = options.normalize() == config::TextClassification::NFKC_CF_SIMPLIFIED,
                     .collapse = options.white_space() == config::TextClassification::COLLAPSE,
                     .raw_cut = options.raw_cut(),
                     .length_max = bert ? 0 : options.max_length()};
  model.length_max = options.max_length();
  model.logits = options.outputs() == config::TextClassification::LOGITS;
  const config::Ngrams& ngram = options.ngram();
  model.ngrams = {.min = ngram.min(),
                  .max = ngram.max(),
                  .buckets = ngram.buckets(),
                  .seed = static_cast<uint32_t>(ngram.seed()),
                  .kept = nullptr};
  if (!bert && (ngram.buckets() & (ngram.buckets() - 1)) != 0) {
    return Error(Reason::MODEL_UNAVAILABLE, "text_classification.ngram.buckets must be a power of two");
  }
  if (!bert && !ngram.kept().empty()) {
    ASSIGN_OR_RETURN(const std::string bits, ReadModelFile(version, ngram.kept()));
    ASSIGN_OR_RETURN(auto kept, KeptBuckets::Parse(bits, ngram.buckets()));
    model.ngrams.kept = std::make_shared<const KeptBuckets>(std::move(kept));
  }
  if (bert) {
    ASSIGN_OR_RETURN(const std::string vocabulary, ReadModelFile(version, options.vocab()));
    ASSIGN_OR_RETURN(auto wordpiece, WordPiece::Parse(vocabulary, options.do_lower_case()));
    model.wordpiece = std::make_shared<const WordPiece>(std::move(wordpiece));
  }
  if (options.has_no_letter()) {
    const auto it = std::find(model.labels.begin(), model.labels.end(), options.no_letter().label());
    if (it == model.labels.end())
      return Error(Reason::MODEL_UNAVAILABLE, "text_classification.no_letter.label is not one of the labels");
    model.no_letter_label = static_cast<int>(it - model.labels.begin());
    model.no_letter_confidence = options.no_letter().confidence();
  }
  ASSIGN_OR_RETURN(model.inputs, InputsOf(version, bert ? 3 : 1));
  return model;
}

absl::Status TextClassifier::Prepare(const TextModel& model, std::string_view text, std::u32string& normalised,
                                     std::vector<int64_t>& ids) const {
  RETURN_IF_ERROR(NormalizeText(text, model.normalize, normalised));
  ids.clear();
  if (model.no_letter_label >= 0 && !HasLetter(normalised)) return absl::OkStatus();
  if (model.wordpiece != nullptr) {
    model.wordpiece->Tokenize(normalised, model.length_max, ids);
  } else {
    HashNgrams(normalised, model.ngrams, ids);
  }
  return absl::OkStatus();
}

absl::Status TextClassifier::RunBatch(const TextModel& model, Session& session, std::span<const uint32_t> batch,
                                      const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckStop(stop));
  const size_t longest = ids_[batch.back()].size();
  const size_t step = PackingOf(model).width_step;
  const size_t width = std::min((longest + step - 1) / step * step,  //
                                model.wordpiece ? size_t{model.length_max} : SIZE_MAX);
  const Shape shape{static_cast<int64_t>(batch.size()), static_cast<int64_t>(width)};
  std::array<int64_t*, 3> rows{};
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    ASSIGN_OR_RETURN(void* buffer, session.InputBuffer(model.inputs[i], shape));
    rows[i] = static_cast<int64_t*>(buffer);
  }
  for (const uint32_t text : batch) {
    const std::vector<int64_t>& ids = ids_[text];
    rows[0] = std::fill_n(std::copy(ids.begin(), ids.end(), rows[0]), width - ids.size(), 0);
    if (model.wordpiece == nullptr) continue;
    rows[1] = std::fill_n(std::fill_n(rows[1], ids.size(), 1), width - ids.size(), 0);
    rows[2] = std::fill_n(rows[2], width, 0);
  }
  RETURN_IF_ERROR(session.Run(stop));
  ASSIGN_OR_RETURN(const TensorView output, session.Output(0));
  const size_t classes = model.labels.size();
  if (output.dtype != DType::kFp32 || output.bytes != batch.size() * classes * sizeof(float)) {
    return Error(Reason::MODEL_FAILED, "the model's output does not fit its labels");
  }
  for (size_t i = 0; i < batch.size(); ++i)
    results_[batch[i]] = Best(output.As<float>().subspan(i * classes, classes), model.logits);
  return absl::OkStatus();
}

void TextClassifier::Clear() { count_ = 0; }

absl::Status TextClassifier::Add(const TextModel& model, std::span<const std::string> texts,
                                 const std::stop_token& stop) {
  if (ids_.size() < count_ + texts.size()) ids_.resize(count_ + texts.size());
  size_t at = count_;
  for (const std::string& text : texts) {
    RETURN_IF_ERROR(CheckStop(stop));
    RETURN_IF_ERROR(Prepare(model, text, normalised_, ids_[at++]));
  }
  count_ = at;
  return absl::OkStatus();
}

absl::StatusOr<std::span<const TextLabel>> TextClassifier::Run(const TextModel& model, Session& session,
                                                               const std::stop_token& stop) {
  results_.assign(count_, {.label = model.no_letter_label, .confidence = model.no_letter_confidence});
  order_.clear();
  for (uint32_t i = 0; i < count_; ++i) {
    if (!ids_[i].empty()) order_.push_back(i);
  }
  std::stable_sort(order_.begin(), order_.end(),
                   [this](uint32_t a, uint32_t b) { return ids_[a].size() < ids_[b].size(); });
  const size_t most = PackingOf(model).texts_max;
  for (std::span<const uint32_t> left = order_; !left.empty();) {
    // Batches of like size: 26 texts are 13 and 13, not 25 and 1.
    const size_t batches = (left.size() + most - 1) / most;
    const size_t count = (left.size() + batches - 1) / batches;
    RETURN_IF_ERROR(RunBatch(model, session, left.first(count), stop));
    left = left.subspan(count);
  }
  return results_;
}

absl::StatusOr<std::span<const TextLabel>> TextClassifier::Classify(const TextModel& model, Session& session,
                                                                    std::span<const std::string> texts,
                                                                    const Clock& clock, JobTimes& times) {
  const TimePoint start = clock.Now();
  Clear();
  RETURN_IF_ERROR(Add(model, texts));
  const TimePoint decoded = clock.Now();
  auto results = Run(model, session);
  times.decode.Add(start, decoded);
  times.infer.Add(decoded, clock.Now());
  return results;
}

}  // namespace sluice
