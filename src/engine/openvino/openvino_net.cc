#include "engine/openvino/openvino_net.h"

#include <unistd.h>

#include <exception>
#include <utility>

#include "base/error.h"
#include "base/log/log.h"
#include "engine/openvino/guards.h"
#include "engine/openvino/openvino_types.h"
#include "engine/openvino/tiles.h"
#include "engine/openvino/whole_numbers.h"
#include "openvino/runtime/properties.hpp"

namespace sluice {
namespace {

// No tensor inside a net may take more than an eighth of the machine's memory: a few numbers of a client can ask for
// any size.
uint64_t TensorBytesMax() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE)) / 8;
}

std::unique_ptr<RequestLedger> LedgerFor(const ov::Model& model, RestoreBudget& budget) {
  auto proof = ShapeProof::Make(model, TensorBytesMax());
  return proof == nullptr ? nullptr : std::make_unique<RequestLedger>(std::move(proof), budget);
}

// With one thread and one stream, infer() of OpenVINO 2026.4 keeps a failure to itself and leaves the outputs of the
// run before. Without a stream of its own it computes on the calling thread just the same, throws, and starts no
// threads.
ov::AnyMap PropertiesFor(int threads) {
  return {
      ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
      ov::num_streams(threads == 1 ? 0 : 1),
      ov::inference_num_threads(threads),
      ov::hint::enable_cpu_pinning(false),
      // bf16, the default on some machines, is slower for small nets
      ov::hint::inference_precision(ov::element::f32),
  };
}

}  // namespace

OpenVinoNet::OpenVinoNet(CorePtr core, std::shared_ptr<ov::Model> model, ModelSignature signature,
                         const LoadOptions& options)
    : core_(std::move(core)),
      model_(std::move(model)),
      signature_(std::move(signature)),
      options_(options),
      budget_(SystemClock()),
      ledger_(LedgerFor(*model_, budget_)) {}

absl::StatusOr<std::shared_ptr<const OpenVinoNet>> OpenVinoNet::Make(CorePtr core, std::shared_ptr<ov::Model> model,
                                                                     const LoadOptions& options) {
  ASSIGN_OR_RETURN(ModelSignature signature, SignatureOf(*model));
  std::shared_ptr<OpenVinoNet> net(new OpenVinoNet(std::move(core), std::move(model), std::move(signature), options));
  // After the proof, which looks at the steps as they were, and through no guard.
  RETURN_IF_ERROR(SplitTiles(*net->model_));
  if (!options.trusted_inputs) RETURN_IF_ERROR(net->Guard());
  return net;
}

absl::Status OpenVinoNet::Guard() {
  ASSIGN_OR_RETURN(whole_numbers_max_, WholeNumbersMax(*model_));
  // A copy for another input shape has them already.
  if (SetReport(*model_, nullptr) == 0) RETURN_IF_ERROR(AddGuards(*model_));
  guarded_ = SetReport(*model_, nullptr) > 0;
  return absl::OkStatus();
}

ov::CompiledModel OpenVinoNet::Compile(const std::shared_ptr<GuardReport>& report) const {
  const ov::AnyMap properties = PropertiesFor(options_.threads_per_inference);
  if (guarded_) {
    const auto copy = model_->clone();
    SetReport(*copy, report);
    return core_->compile_model(copy, "CPU", properties);
  }
  if (options_.cache_dir.empty()) return core_->compile_model(model_, "CPU", properties);
  ov::AnyMap cached = properties;
  cached.insert(ov::cache_dir(options_.cache_dir));
  try {
    return core_->compile_model(model_, "CPU", cached);
  } catch (const std::exception& e) {
    LogWarning("engine.cache_unusable", {{"model", name()}, {"error", e.what()}});
    return core_->compile_model(model_, "CPU", properties);
  }
}

}  // namespace sluice
