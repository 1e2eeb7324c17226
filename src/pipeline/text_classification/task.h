// Task `text_classification`: texts in, a label and its probability for each out.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "pipeline/text_classification/classifier.h"

namespace sluice {

struct LabelledText {
  std::string label;
  float confidence = 0;
};

using TextInput = std::vector<std::string>;
using TextLabels = std::vector<LabelledText>;  // in the order of the texts
using TextJob = Job<TextInput, TextLabels>;

class TextClassificationTask final : public ModelTask {
 public:
  // `clock` outlives the task.
  explicit TextClassificationTask(const Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return kTextClassification; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const override;

 private:
  const Clock& clock_;
};

}  // namespace sluice
