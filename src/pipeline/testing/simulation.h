// A server without sockets and threads, in simulated time: models, both chains, scheduler, pipeline. A test registers
// services in `methods` and opens calls (simulated_call.h).
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admission/admission.h"
#include "admission/resolve/resolve.h"
#include "base/budget.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/testing/fake_loop.h"
#include "base/testing/temp_folder.h"
#include "call/layers/deadline/deadline.h"
#include "call/layers/observe/observe.h"
#include "call/testing/layer_context.h"
#include "engine/identity/identity_engine.h"
#include "pipeline/catalog.h"
#include "pipeline/pipeline.h"
#include "repository/repository.h"
#include "scheduler/testing/stepped_scheduler.h"

namespace sluice {

class Simulation {
 public:
  // Its id, and what its model.yaml says beside `engine: identity`.
  struct Model {
    std::string id;
    std::string yaml;
  };
  struct Options {
    std::vector<std::unique_ptr<ModelTask>> tasks;
    std::vector<Model> models;
    std::function<std::unique_ptr<AdmissionLayer>(const AdmissionContext&)> layer = nullptr;  // after resolve
    int workers = 1;
    // Instead of resolve, and of observe and deadline.
    std::function<std::vector<std::unique_ptr<AdmissionLayer>>(const AdmissionContext&)> layers = nullptr;
    std::function<Chain(const LayerContext&)> chain = nullptr;
  };

  explicit Simulation(Options options)
      : scheduler(loop, options.workers),
        tasks_(std::move(options.tasks)),
        repository(MadeOf(options.models), {engine_.get()}),
        catalog(repository, loop),
        admission(Layers(options)),
        pipeline(admission, scheduler) {
    SLUICE_CHECK(repository.Load().ok(), "models of a simulation");
    SLUICE_CHECK(admission.Prepare().ok(), "layers of a simulation");
    if (options.chain) {
      chain = options.chain(Served());
      return;
    }
    chain.push_back(std::make_unique<ObserveLayer>(context.On(loop)));
    chain.push_back(std::make_unique<DeadlineLayer>(context.On(loop)));
  }
  ~Simulation() {
    scheduler.Shutdown();
    loop.Run();
  }

 private:
  // The layers of a server: its scheduler knows the load and does the chores.
  LayerContext Served() { return context.On(loop, context.nowhere, scheduler.chores(), scheduler); }
  Repository::Options MadeOf(const std::vector<Model>& models) {
    for (const Model& model : models) {
      std::filesystem::create_directories(folder_ / model.id);
      std::ofstream(folder_ / model.id / "model.yaml") << "engine: identity\n" << model.yaml;
    }
    return {.roots = {folder_.string()},
            .workers = scheduler.workers(),
            .prepare = PrepareVersions(scheduler, tasks_, /*judges_time=*/true, loop.clock())};
  }
  std::vector<std::unique_ptr<AdmissionLayer>> Layers(const Options& options) {
    if (options.layers) return options.layers({Served(), repository});
    const AdmissionContext layer_context{context.On(loop), repository};
    std::vector<std::unique_ptr<AdmissionLayer>> layers;
    layers.push_back(std::make_unique<ResolveLayer>(layer_context));
    if (options.layer) layers.push_back(options.layer(layer_context));
    return layers;
  }

  // In the order in which they need each other.
 public:
  Budget budget{size_t{1} << 30, 1};
  FakeLoop loop;
  TestLayerContext context;
  SteppedScheduler scheduler;

 private:
  std::unique_ptr<Engine> engine_ = MakeIdentityEngine();
  std::vector<std::unique_ptr<ModelTask>> tasks_;
  const TempFolder folder_;

 public:
  Repository repository;
  ModelCatalog catalog;
  Admission admission;
  Pipeline pipeline;
  MethodTable methods;
  Chain chain;
};

}  // namespace sluice
