// Task `audio_classification`: one channel of audio, or features of it, in; labels with their probabilities out.
#pragma once

#include <vector>

#include "base/clock.h"
#include "pipeline/audio_classification/sound.h"
#include "pipeline/job.h"
#include "pipeline/task.h"
#include "pipeline/top_labels.h"

namespace sluice {

inline constexpr std::string_view kAudioClassification = "audio_classification";

using AudioLabels = std::vector<ScoredLabel>;  // by descending confidence
using AudioJob = Job<AudioInput, AudioLabels>;

class AudioClassificationTask final : public ModelTask {
 public:
  // `clock` outlives the task.
  explicit AudioClassificationTask(const Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return kAudioClassification; }
  absl::StatusOr<std::shared_ptr<WorkRunner>> MakeRunner(const ModelVersion& version) const override;

 private:
  const Clock& clock_;
};

}  // namespace sluice
