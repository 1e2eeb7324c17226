// The whole way from texts to labels, as plain function calls on one thread: normalise → ids → infer → softmax → best
// label.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "pipeline/job.h"
#include "pipeline/text_classification/ngrams.h"
#include "pipeline/text_classification/normalize.h"
#include "pipeline/text_classification/wordpiece.h"
#include "repository/model_version.h"

namespace sluice {

inline constexpr std::string_view kTextClassification = "text_classification";

// What a model version's manifest and files fix. Immutable.
struct TextModel {
  NormalizeOptions normalize;
  NgramOptions ngrams;
  std::shared_ptr<const WordPiece> wordpiece;  // null: hashed n-grams
  std::vector<std::string> labels;
  uint32_t length_max = 128;  // tokens, for WordPiece
  bool logits = false;        // the outputs need a softmax
  int no_letter_label = -1;   // -1: the model is asked for texts without a letter too
  float no_letter_confidence = 0;
  std::vector<size_t> inputs;  // of the model: ids, then for BERT mask and types
};

// An error, for the operator, when files are missing or the model's inputs are not what the tokenizer makes.
absl::StatusOr<TextModel> MakeTextModel(const ModelVersion& version);

struct TextLabel {
  int label = 0;  // index into TextModel::labels
  float confidence = 0;
};

// One thread's buffers. Fill it by Add, then Run; or Classify, which is both.
class TextClassifier {
 public:
  // Forgets the texts of the last run.
  void Clear();
  // Normalises and tokenises `texts` for the next run, after those that were added before. On an error (a text is not
  // UTF-8) none of them is added.
  absl::Status Add(const TextModel& model, std::span<const std::string> texts, const std::stop_token& stop = {});
  // One result for each added text, in order; valid until Clear. `session` must be the thread's own. Both look at
  // `stop` between texts and runs: CANCELLED.
  absl::StatusOr<std::span<const TextLabel>> Run(const TextModel& model, Session& session,
                                                 const std::stop_token& stop = {});

  // Clear, Add and Run; adds to `times`.
  absl::StatusOr<std::span<const TextLabel>> Classify(const TextModel& model, Session& session,
                                                      std::span<const std::string> texts, const Clock& clock,
                                                      JobTimes& times);
  // What the tokenizer makes of one text; for tests against golden vectors.
  absl::Status Prepare(const TextModel& model, std::string_view text, std::u32string& normalised,
                       std::vector<int64_t>& ids) const;

 private:
  absl::Status RunBatch(const TextModel& model, Session& session, std::span<const uint32_t> batch,
                        const std::stop_token& stop);

  std::u32string normalised_;
  size_t count_ = 0;                       // texts that were added
  std::vector<std::vector<int64_t>> ids_;  // of the first count_ texts; empty: the model is not asked
  std::vector<uint32_t> order_;            // texts by length
  std::vector<TextLabel> results_;
};

}  // namespace sluice
