#include "pipeline/text_classification/task.h"

#include <utility>
#include <vector>

#include "base/error.h"

namespace sluice {
namespace {

class TextRunner final : public WorkRunner {
 public:
  TextRunner(TextModel model, const ModelVersion& version, const Clock& clock)
      : model_(std::move(model)), version_(version), clock_(clock), classifiers_(version.workers()) {}

  // Jobs that wait together share a run of the model, up to kTextsTogether; the answers of the first do not wait for
  // the last.
  void Run(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) override {
    while (!batch.empty()) {
      size_t jobs = 0, texts = 0;
      do {
        texts += static_cast<TextJob&>(*batch[jobs++]).input.size();
      } while (jobs < batch.size() && texts + static_cast<TextJob&>(*batch[jobs]).input.size() <= kTextsTogether);
      RunTogether(worker, batch.first(jobs), stop);
      batch = batch.subspan(jobs);
    }
  }

 private:
  static constexpr size_t kTextsTogether = 64;

  // A job with a text that cannot be read fails alone.
  void RunTogether(int worker, std::span<std::unique_ptr<Work>> batch, const std::stop_token& stop) {
    TextClassifier& classifier = classifiers_[worker];
    const TimePoint start = clock_.Now();
    classifier.Clear();
    std::vector<TextJob*> jobs;
    jobs.reserve(batch.size());
    for (auto& work : batch) {
      auto& job = static_cast<TextJob&>(*work);
      if (absl::Status read = classifier.Add(model_, job.input, stop); read.ok()) {
        jobs.push_back(&job);
      } else {
        job.Finish(std::move(read));
      }
    }
    const TimePoint decoded = clock_.Now();
    const auto found = classifier.Run(model_, version_.SessionFor(worker), stop);
    const TimePoint ended = clock_.Now();
    std::span<const TextLabel> left = found.ok() ? *found : std::span<const TextLabel>();
    for (TextJob* job : jobs) {
      job->times.decode.Add(start, decoded);
      job->times.infer.Add(decoded, ended);
      if (!found.ok()) {
        job->Finish(found.status());
        continue;
      }
      const size_t count = job->input.size();
      job->Finish(Named(left.first(count)));
      left = left.subspan(count);
    }
  }

  TextLabels Named(std::span<const TextLabel> found) const {
    TextLabels labels;
    labels.reserve(found.size());
    for (const TextLabel& one : found) labels.push_back({model_.labels[one.label], one.confidence});
    return labels;
  }

  const TextModel model_;
  const ModelVersion& version_;
  const Clock& clock_;
  std::vector<TextClassifier> classifiers_;  // one per worker
};

}  // namespace

absl::StatusOr<std::shared_ptr<WorkRunner>> TextClassificationTask::MakeRunner(const ModelVersion& version) const {
  ASSIGN_OR_RETURN(TextModel model, MakeTextModel(version));
  return std::make_shared<TextRunner>(std::move(model), version, clock_);
}

}  // namespace sluice
