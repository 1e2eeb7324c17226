// The explicit lists: what this program is made of. To add an engine, a task, a layer, an API or a codec, write its
// folder and add one line in lists.cc (cmake/SluiceLists.cmake finds its header). Order matters for layers and codecs,
// and is decided only there.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "admission/layer.h"
#include "ai/inference/config/server.pb.h"
#include "api/debug/service.h"
#include "call/layer.h"
#include "call/method.h"
#include "engine/engine.h"
#include "engine/trial/trial.h"
#include "pipeline/catalog.h"
#include "pipeline/pipeline.h"
#include "pipeline/task.h"
#include "repository/repository.h"
#include "transport/codec_dispatcher.h"
#include "transport/context.h"
#include "transport/pages/codec.h"

namespace sluice {

namespace config = ai::inference::config;
class Breakers;
class HealthRegistry;

std::vector<std::unique_ptr<Engine>> MakeEngines(const config::Models& options = config::Models());
// As Repository takes them.
std::vector<Engine*> Pointers(const std::vector<std::unique_ptr<Engine>>& engines);
// Where model files are tried before they are loaded; null when it is turned off.
// `tried`: a folder for what it finds, as a package brings it; empty: none.
std::unique_ptr<Trial> MakeTrial(const config::Models& models, const std::string& tried = "");
std::vector<std::unique_ptr<ModelTask>> MakeTasks(const config::Server& options);
Chain MakeCallChain(const LayerContext& context);
std::vector<std::unique_ptr<AdmissionLayer>> MakeAdmissionLayers(const AdmissionContext& context);

// Everything outlives the table.
struct ApiContext {
  const config::Server& options;
  Pipeline& pipeline;
  ModelCatalog& catalog;
  HealthRegistry& health;
  Breakers* breakers;  // null without that layer
  const std::atomic<bool>& draining;
  DebugContext debug;
};
void RegisterApis(MethodTable& methods, const ApiContext& context);

transport::Codecs MakeCodecs(const transport::Context& context, std::vector<pages::PageEntry> pages);

}  // namespace sluice
