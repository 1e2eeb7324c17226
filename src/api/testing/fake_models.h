// A model of each task that does what an item's content says (a text, the bytes of an image, of a sound or of a
// tensor):
//
//   "broken"  the model answers with INVALID_IMAGE about it
//   "lost"    its job is destroyed unfinished
//   else      the content comes back: as a label, or as the tensor that it is; a face's x is its first byte
//
// Ids: "pictures", "face_detection_v1", "texts", "sounds", "tensors".
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "pipeline/audio_classification/task.h"
#include "pipeline/face_detection/task.h"
#include "pipeline/image_classification/task.h"
#include "pipeline/tensor/task.h"
#include "pipeline/testing/fake_task.h"
#include "pipeline/testing/simulation.h"
#include "pipeline/text_classification/task.h"

namespace sluice {

template <typename Input, typename Output>
std::unique_ptr<ModelTask> MakeFakeTask(std::string_view name, std::string (*content)(const Input&),
                                        Output (*answer)(Input&)) {
  return std::make_unique<FakeTask<Input, Output>>(name, [content, answer](Job<Input, Output>& job) {
    const std::string what = content(job.input);
    if (what == "broken") return job.Finish(Error(Reason::INVALID_IMAGE, "the model cannot read it"));
    if (what != "lost") job.Finish(answer(job.input));
  });
}

inline std::vector<std::unique_ptr<ModelTask>> FakeTasks() {
  std::vector<std::unique_ptr<ModelTask>> tasks;
  tasks.push_back(MakeFakeTask<FaceInput, Faces>(
      kFaceDetection, [](const FaceInput& input) { return input.file; },
      [](FaceInput& input) {
        return Faces{{.x = input.file[0], .y = 0, .width = 1, .height = 1, .confidence = 0.9f}};
      }));
  tasks.push_back(MakeFakeTask<PictureInput, PictureLabels>(
      kImageClassification, [](const PictureInput& input) { return input.file; },
      [](PictureInput& input) {
        return PictureLabels{{input.file, 1}};
      }));
  tasks.push_back(MakeFakeTask<TextInput, TextLabels>(
      kTextClassification, [](const TextInput& input) { return input.front(); },
      [](TextInput& input) {
        TextLabels labels;
        for (std::string& text : input) labels.push_back({std::move(text), 1});
        return labels;
      }));
  tasks.push_back(MakeFakeTask<AudioInput, AudioLabels>(
      kAudioClassification, [](const AudioInput& input) { return input.pcm16; },
      [](AudioInput& input) {
        return AudioLabels{{input.pcm16, 1}};
      }));
  tasks.push_back(MakeFakeTask<TensorInput, Tensors>(
      kTensor, [](const TensorInput& input) { return input.inputs[0].data; },
      [](TensorInput& input) { return std::move(input.inputs); }));
  return tasks;
}

// Each takes at most `queue_max` waiting items.
inline Simulation::Options FakeModels(size_t queue_max = 256, int workers = 1) {
  Simulation::Options options{.tasks = FakeTasks(), .models = {}, .workers = workers};
  const std::pair<const char*, std::string_view> models[] = {{"pictures", kImageClassification},
                                                             {"face_detection_v1", kFaceDetection},
                                                             {"texts", kTextClassification},
                                                             {"sounds", kAudioClassification},
                                                             {"tensors", kTensor}};
  for (const auto& [id, task] : models) {
    options.models.push_back(
        {id, StrCat("task: ", task, "\nqueue: {max_items: ", queue_max, "}\nface_detection: {decoder: boxes}\n")});
  }
  return options;
}

}  // namespace sluice
