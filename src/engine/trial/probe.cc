#include "engine/trial/probe.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/strings.h"
#include "base/text.h"
#include "engine/trial/agree.h"
#include "engine/trial/made_inputs.h"
#include "engine/trial/report.h"

namespace sluice::trial {
namespace {

namespace wire = ai::inference::trial;

// Timing: the cheapest of some batches, so that neighbours on the machine do not decide.
constexpr int kBatches = 8;
constexpr double kBatchUs = 2'500, kTimingUs = 40'000;

class Prober {
 public:
  Prober(Session& session, const ModelSignature& signature) : session_(session), signature_(signature) {}

  // One run of made-up inputs; false when it failed. Adds it to `report`.
  bool Run(const std::vector<Shape>& shapes, Values values, bool hostile, wire::Report& report) {
    wire::Run& run = *report.add_runs();
    run.set_inputs(std::string(NameOf(values)));
    run.set_hostile(hostile);
    run.set_ok(Set(shapes, values).ok() && session_.Run().ok());
    for (size_t i = 0; run.ok() && i < std::min<size_t>(signature_.outputs.size(), kOutputsMax); ++i) {
      const auto output = session_.Output(i);
      if (output.ok()) SetSample(*output, *run.add_outputs());
    }
    return run.ok();
  }

  // µs of CPU of one run, the process's threads all counted; 0 when a run fails.
  double Time(const std::vector<Shape>& shapes) {
    const double first = Batch(shapes, 1);
    if (first < 0) return 0;
    const double once = std::max(first, 0.5);  // the clock counts whole ones
    const int runs = std::clamp(static_cast<int>(kBatchUs / once), 1, 2000);
    const int batches = std::clamp(static_cast<int>(kTimingUs / (once * runs)), 2, kBatches);
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < batches; ++i) {
      const double took = Batch(shapes, runs);
      if (took < 0) return 0;
      best = std::min(best, took);
    }
    return std::max(best, 1e-3);
  }

 private:
  absl::Status Set(const std::vector<Shape>& shapes, Values values) {
    data_.resize(signature_.inputs.size());
    for (size_t i = 0; i < signature_.inputs.size(); ++i) {
      const TensorSpec& spec = signature_.inputs[i];
      if (!spec.optional) data_[i] = MakeInput(spec.dtype, shapes[i], values, i);
    }
    return Give(shapes);
  }

  absl::Status Give(const std::vector<Shape>& shapes) {
    for (size_t i = 0; i < signature_.inputs.size(); ++i) {
      const TensorSpec& spec = signature_.inputs[i];
      if (spec.optional) continue;
      RETURN_IF_ERROR(session_.SetInput(i, {spec.name, spec.dtype, shapes[i], data_[i].data(), data_[i].size()}));
    }
    return absl::OkStatus();
  }

  // Of one run, as the mean of `runs`; negative when one failed.
  double Batch(const std::vector<Shape>& shapes, int runs) {
    if (data_.empty() && !Set(shapes, Values::kMixed).ok()) return -1;
    const Duration start = ProcessCpuTime();
    for (int i = 0; i < runs; ++i) {
      if (!Give(shapes).ok() || !session_.Run().ok()) return -1;
    }
    const Duration took = ProcessCpuTime() - start;
    return std::chrono::duration<double, std::micro>(took).count() / runs;
  }

  Session& session_;
  const ModelSignature& signature_;
  std::vector<std::string> data_;
};

void SetTensors(const std::vector<TensorSpec>& specs, google::protobuf::RepeatedPtrField<wire::Tensor>& out) {
  for (size_t i = 0; i < std::min<size_t>(specs.size(), kTensorsMax); ++i) {
    wire::Tensor& tensor = *out.Add();
    tensor.set_name(Excerpt(specs[i].name));
    tensor.set_datatype(std::string(NameOf(specs[i].dtype)));
    for (const int64_t dim : specs[i].shape) tensor.add_shape(dim);
  }
}

LoadOptions OptionsOf(const wire::Request& request) {
  LoadOptions load{.threads_per_inference = std::max(1, request.threads()),
                   .name = "tried",
                   .trusted_inputs = request.trusted_inputs()};
  for (const auto& [name, dims] : request.reshape()) load.reshape[name] = Shape(dims.dims().begin(), dims.dims().end());
  return load;
}

bool Refused(const absl::Status& status, wire::Report report, const std::function<void(const wire::Report&)>& send) {
  if (status.ok()) return false;
  report.set_reason(Excerpt(ToStd(status.message()), kReasonBytesMax));
  send(report);
  return true;
}

// The shapes to try: everything open at 1, and everyday sizes where those are others.
std::vector<std::vector<Shape>> AllShapes(const ModelSignature& signature, const wire::Usual& usual) {
  wire::Usual least;
  least.set_first(1);
  least.set_others(1);
  std::vector<std::vector<Shape>> all;
  if (auto shapes = ShapesFor(signature, least)) all.push_back(*std::move(shapes));
  if (auto shapes = ShapesFor(signature, usual); shapes && (all.empty() || *shapes != all[0]))
    all.push_back(*std::move(shapes));
  return all;
}

}  // namespace

void Probe(Engine& engine, std::shared_ptr<const ModelFiles> files, const wire::Request& request,
           const std::function<void(const wire::Report&)>& send) {
  wire::Report loading;
  loading.set_version(engine.version());
  const int64_t before = ResidentBytes();
  const TimePoint start = SystemClock().Now();
  const auto model = engine.Load(std::move(files), OptionsOf(request));
  if (Refused(model.status(), loading, send)) return;
  const auto session = (*model)->NewSession();
  if (Refused(session.status(), loading, send)) return;
  loading.set_load_ms(ToMs(SystemClock().Now() - start));
  loading.set_memory_bytes(static_cast<uint64_t>(std::max<int64_t>(0, ResidentBytes() - before)));
  const ModelSignature& signature = (*model)->signature();
  SetTensors(signature.inputs, *loading.mutable_inputs());
  SetTensors(signature.outputs, *loading.mutable_outputs());
  send(loading);

  Prober prober(**session, signature);
  wire::Report running;
  const auto all = AllShapes(signature, request.usual());
  double us = 0;
  for (const auto& shapes : all) {
    bool ok = true;
    for (const Values values : {Values::kZeros, Values::kOnes, Values::kMixed})
      ok &= prober.Run(shapes, values, false, running);
    // The last shapes are the usual ones; they count when they can be computed.
    if (const double took = ok ? prober.Time(shapes) : 0; took > 0) us = took;
  }
  running.set_loads(true);
  running.set_us_a_run(us);
  send(running);
  if (request.trusted_inputs()) return;

  wire::Report hostile;
  hostile.set_hostile(true);
  send(hostile);
  for (const auto& shapes : all) {
    for (const Values values : {Values::kWide, Values::kFar, Values::kLeast, Values::kMinusOne, Values::kMost}) {
      wire::Report one;
      prober.Run(shapes, values, true, one);
      send(one);
    }
  }
}

}  // namespace sluice::trial
