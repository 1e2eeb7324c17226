// A server without sockets and threads, whose layers are those of the real one (door/lists.cc), and the watchers around
// it.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admission/breaker/breaker.h"
#include "api/image_recognition/service.h"
#include "api/open_inference/service.h"
#include "api/text_classification/service.h"
#include "base/random.h"
#include "call/layers/idempotency/idempotency.h"
#include "call/layers/idempotency/shared_store.h"
#include "door/lists.h"
#include "pipeline/testing/simulation.h"
#include "tests/sim/flaky_store.h"
#include "tests/sim/journal.h"
#include "tests/sim/rival_records.h"
#include "tests/sim/sick_models.h"
#include "tests/sim/witness.h"

namespace sluice::sim {

// What the world is made of goes before the simulation that uses it.
struct Surroundings {
  explicit Surroundings(uint64_t seed) : one_of_several(seed % 2 == 1), random(seed), models(journal, random) {}
  const bool one_of_several;  // replicas: what was answered is known to all of them
  Random random;
  Journal journal;
  SickModels models;
  std::unique_ptr<FakeShared> shared;  // between the replicas
};

class World : public Surroundings, public Simulation {
 public:
  explicit World(uint64_t seed) : Surroundings(seed), Simulation(MadeOf(*this)) {
    scheduler.time_of = [this](const std::string& queue, const Batch& batch) {
      const Duration time = models.TimeOf(queue, batch);
      journal.Taken(batch, time, loop.clock().Now());
      return time;
    };
    scheduler.on_done = [this](const Batch& batch, Duration busy) { journal.Done(batch, busy); };
    journal.workers = scheduler.workers();
    const StreamOptions streams{.draining = &draining};
    RegisterImageRecognition(methods, pipeline, {.streams = streams, .frames_max = 10});
    RegisterTextClassification(methods, pipeline);
    RegisterOpenInference(methods, {.pipeline = pipeline, .catalog = catalog, .draining = draining});
  }

  // The rules file is read again.
  void ReloadRules() { admission.Find<BreakerLayer>()->SetRules(Rules()); }

  // Records cannot be read or written from now on, or can be again.
  void SetStore(bool down, Duration answers_after) {
    journal.store_down = down;
    if (shared == nullptr) return;
    shared->down = down;
    shared->answers_after = answers_after;
  }

  std::atomic<bool> draining{false};

 private:
  static Options MadeOf(Surroundings& made) {
    Options options{.tasks = made.models.Tasks(), .workers = 1 + static_cast<int>(made.random.Below(4))};
    const auto queue = [&made] { return StrCat("\nqueue: {max_items: ", 8 + made.random.Below(250), "}\n"); };
    const std::string pictures = StrCat("task: image_classification\nslo_ms: ", made.random.Below(2) * 100, queue());
    options.models = {{"pictures", pictures},
                      {"fragile", StrCat("task: image_classification\nfallback: stand_in", queue())},
                      {"stand_in", StrCat("task: image_classification", queue())},
                      {"texts", StrCat("task: text_classification\nmax_batch: 8", queue())},
                      {"tensors", StrCat("task: tensor", queue())}};
    options.layers = [&made](const AdmissionContext& context) {
      auto layers = MakeAdmissionLayers(context);
      layers.insert(layers.begin() + 1, std::make_unique<BeforeBreaker>(made.journal, context.clock));
      for (const auto& layer : layers) {
        if (auto* const breaker = dynamic_cast<BreakerLayer*>(layer.get())) breaker->SetRules(Rules());
      }
      return layers;
    };
    options.chain = [&made](const LayerContext& context) {
      Chain chain = MakeCallChain(context);
      for (auto& layer : chain) {
        if (layer->name() == "idempotency") {
          layer = std::make_unique<IdempotencyLayer>(context, MakeStore(made, context));
        }
      }
      return chain;
    };
    return options;
  }
  static std::unique_ptr<IdempotencyStore> MakeStore(Surroundings& made, const LayerContext& context) {
    if (!made.one_of_several) return std::make_unique<FlakyStore>(made.journal, context.clock);
    made.shared = std::make_unique<FakeShared>(context.clock);
    const auto nothing = [] {};
    return std::make_unique<SharedIdempotencyStore>(
        std::make_unique<MemoryIdempotencyStore>(IdempotencyTable::Options{}, context.clock, nothing),
        std::make_unique<RivalRecords>(*made.shared, made.journal, made.random), context.random,
        SharedIdempotencyStore::Options{
            .time_to_live = std::chrono::hours(24), .on_wait = nothing, .on_error = nothing});
  }
  static std::vector<BreakerRule> Rules() {
    BreakerRule rule;
    rule.method = "ai.inference.ImageRecognition/Recognize";
    return {rule};
  }
};

}  // namespace sluice::sim
