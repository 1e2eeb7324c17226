// Models that do what the simulation wants of them at the moment: well, slow, failing now and then, failing, hanging.
// What they make of a content is the content and a serial number, so that no two computations are alike.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "pipeline/image_classification/task.h"
#include "pipeline/tensor/task.h"
#include "pipeline/testing/fake_task.h"
#include "pipeline/testing/simulation.h"
#include "pipeline/text_classification/task.h"
#include "tests/sim/journal.h"

namespace sluice::sim {

enum class Health { kWell, kSlow, kFailing, kBroken, kHanging };

class SickModels {
 public:
  SickModels(Journal& journal, Random& random) : journal_(journal), random_(random) {}

  std::map<std::string, Health> health;  // by id; well when not named
  // Contents of calls that may be answered from a record.
  static bool Replays(const std::string& content) { return content.rfind("same", 0) == 0; }

  std::vector<std::unique_ptr<ModelTask>> Tasks() {
    std::vector<std::unique_ptr<ModelTask>> tasks;
    tasks.push_back(std::make_unique<FakeTask<PictureInput, PictureLabels>>(kImageClassification, [this](auto& job) {
      Compute(job, {job.input.file}, [](std::vector<std::string> answers) {
        return PictureLabels{{std::move(answers[0]), 1}};
      });
    }));
    tasks.push_back(std::make_unique<FakeTask<TextInput, TextLabels>>(kTextClassification, [this](auto& job) {
      Compute(job, job.input, [](std::vector<std::string> answers) {
        TextLabels labels;
        for (std::string& answer : answers) labels.push_back({std::move(answer), 1});
        return labels;
      });
    }));
    tasks.push_back(std::make_unique<FakeTask<TensorInput, Tensors>>(kTensor, [this](auto& job) {
      Compute(job, {job.input.inputs[0].data}, [&job](std::vector<std::string> answers) {
        Tensors tensors = std::move(job.input.inputs);
        tensors[0].data = std::move(answers[0]);
        tensors[0].shape = {static_cast<int64_t>(tensors[0].data.size())};
        return tensors;
      });
    }));
    return tasks;
  }

  // What a batch takes on the model: some ms an item.
  Duration TimeOf(const std::string& queue, const Batch& batch) {
    const std::string id = queue.substr(0, queue.find('@'));
    double ms = 0;
    for (const auto& work : batch.works) ms += work->cost * (id == "texts" ? 0.4 : 4) * (0.8 + 0.4 * random_.Uniform());
    switch (health[id]) {
      case Health::kSlow: ms *= 5; break;
      case Health::kHanging: ms = 60'000; break;
      default: break;
    }
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
  }

 private:
  template <typename Job, typename Make>
  void Compute(Job& job, const std::vector<std::string>& contents, Make make) {
    const std::string& id = job.model().id();
    const Health now = health[id];
    if (now == Health::kBroken || (now == Health::kFailing && random_.Below(100) < 60))
      return job.Finish(Error(Reason::MODEL_FAILED, "the model is sick"));
    if (random_.Below(1000) == 0) return;  // the job is lost
    if (contents[0].find("bad") != std::string::npos)
      return job.Finish(Error(Reason::INVALID_IMAGE, "the model cannot read it"));
    std::vector<std::string> answers;
    // What a fallback model answered is not recorded.
    const bool stands_in = id == "stand_in";
    for (const std::string& content : contents)
      answers.push_back(journal_.Computed(content, job.taken, Replays(content) && !stands_in));
    job.Finish(make(std::move(answers)));
  }

  Journal& journal_;
  Random& random_;
};

}  // namespace sluice::sim
