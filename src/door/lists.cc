#include "door/lists.h"

#include "base/config/cache_dir.h"
#include "base/config/installation.h"
#include "parts.h"  // made by CMake: the header of every engine, task, layer, API and codec

namespace sluice {

// The first engine whose name a manifest gives, or that can load the file.
std::vector<std::unique_ptr<Engine>> MakeEngines(const config::Models& options) {
  std::vector<std::unique_ptr<Engine>> engines;
  engines.push_back(MakeOnnxRuntimeEngine({.run_bytes_max = options.run_bytes_max()}));  // ONNX
  engines.push_back(MakeOpenVinoEngine());                                               // ONNX, TFLite, IR
  engines.push_back(MakeIdentityEngine());  // output = input: tests and framework benchmarks
  return engines;
}

std::vector<Engine*> Pointers(const std::vector<std::unique_ptr<Engine>>& engines) {
  std::vector<Engine*> out;
  out.reserve(engines.size());
  for (const auto& engine : engines) out.push_back(engine.get());
  return out;
}

std::unique_ptr<Trial> MakeTrial(const config::Models& models, const std::string& tried) {
  if (!models.trial().enabled()) return nullptr;
  const std::string cache = CacheDir(models.cache_dir());
  const std::string shared = SharedFolder();
  return std::make_unique<Trial>(Trial::Options{.stamps = cache.empty() ? "" : cache + "/trials",
                                                .packaged = shared.empty() ? "" : shared + "/trials",
                                                .publish = tried,
                                                .seconds_max = models.trial().seconds_max(),
                                                .memory_bytes_max = models.trial().memory_bytes_max()});
}

std::vector<std::unique_ptr<ModelTask>> MakeTasks(const config::Server& options) {
  const ImageLimits images{.pixels_max = static_cast<int64_t>(options.images().pixels_max()),
                           .side_max = static_cast<int>(options.images().side_max())};
  std::vector<std::unique_ptr<ModelTask>> tasks;
  tasks.push_back(std::make_unique<FaceDetectionTask>(images, SystemClock()));
  tasks.push_back(std::make_unique<ImageClassificationTask>(images, SystemClock()));
  tasks.push_back(std::make_unique<TextClassificationTask>(SystemClock()));
  tasks.push_back(std::make_unique<AudioClassificationTask>(SystemClock()));
  tasks.push_back(std::make_unique<TensorTask>(SystemClock()));
  return tasks;
}

Chain MakeCallChain(const LayerContext& context) {
  Chain chain;
  chain.push_back(std::make_unique<ObserveLayer>(context));     // first in, last out: sees every ending; never waits
  chain.push_back(std::make_unique<DeadlineLayer>(context));    // before anything that can wait
  chain.push_back(std::make_unique<LogRoomLayer>(context));     // waits for the log's reader, if it is configured to
  chain.push_back(std::make_unique<WorkClassLayer>(context));   // live, batch or background
  chain.push_back(std::make_unique<ShedLayer>(context));        // refuses what would not start in time, before its body
  chain.push_back(std::make_unique<LoadReportLayer>(context));  // tells load balancers that ask how busy we are
  chain.push_back(std::make_unique<IdempotencyLayer>(context));  // answers what was answered already
  return chain;
}

std::vector<std::unique_ptr<AdmissionLayer>> MakeAdmissionLayers(const AdmissionContext& context) {
  std::vector<std::unique_ptr<AdmissionLayer>> layers;
  layers.push_back(std::make_unique<ResolveLayer>(context));   // proposes the version that was asked for
  layers.push_back(std::make_unique<BreakerLayer>(context));   // refuses a version that keeps failing
  layers.push_back(std::make_unique<FallbackLayer>(context));  // proposes another one instead
  return layers;
}

void RegisterApis(MethodTable& methods, const ApiContext& context) {
  const StreamOptions streams{.draining = &context.draining};
  const config::Multimodal& parts = context.options.multimodal();
  RegisterImageRecognition(methods, context.pipeline, {.streams = streams});
  RegisterTextClassification(methods, context.pipeline);
  RegisterMultimodal(methods, context.pipeline,
                     {.text = parts.text_model(), .image = parts.image_model(), .audio = parts.audio_model()}, streams);
  RegisterOpenInference(methods,
                        {.pipeline = context.pipeline, .catalog = context.catalog, .draining = context.draining});
  if (context.breakers != nullptr) RegisterBreakers(methods, *context.breakers);
  RegisterDebug(methods, context.debug);
  RegisterHealth(methods, context.health);
  RegisterReflection(methods);  // last: it lists what is registered
}

// The first that matches an exchange takes it; REST takes the rest.
transport::Codecs MakeCodecs(const transport::Context& context, std::vector<pages::PageEntry> pages) {
  transport::Codecs codecs;
  codecs.push_back(std::make_unique<grpc::GrpcCodec>(context));
  codecs.push_back(std::make_unique<grpcweb::GrpcWebCodec>(context));
  codecs.push_back(std::make_unique<websocket::WebSocketCodec>(context));
  codecs.push_back(std::make_unique<pages::PagesCodec>(std::move(pages), context.chores, context.budget));
  codecs.push_back(std::make_unique<oip::OipCodec>(context));
  codecs.push_back(std::make_unique<connect::ConnectCodec>(context));
  codecs.push_back(std::make_unique<rest::RestCodec>(context));
  return codecs;
}

}  // namespace sluice
