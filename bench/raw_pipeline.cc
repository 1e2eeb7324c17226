// The face-detection pipeline without server, queue or network: the yardstick for what serving costs.
//
//   raw_pipeline MODELS_DIR MODEL_ID PICTURE IMAGES THREADS     ->  {"count":2000,"cpu_s":…,"wall_s":…}
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "bench/raw.h"
#include "lists.h"
#include "pipeline/face_detection/detector.h"

int main(int argc, char** argv) {
  const auto fail = [](const absl::Status& status) { return sluice::bench::Fail("raw_pipeline", status); };
  if (argc != 6) return fail(absl::InvalidArgumentError("MODELS_DIR MODEL_ID PICTURE IMAGES THREADS"));
  const int images = std::atoi(argv[4]), threads = std::atoi(argv[5]);
  const auto engines = sluice::MakeEngines();
  sluice::Repository repository({.roots = {argv[1]}, .workers = threads}, sluice::Pointers(engines));
  if (auto status = repository.Load(); !status.ok()) return fail(status);
  const auto version = repository.Resolve(argv[2]);
  if (!version.ok()) return fail(version.status());
  const auto model = sluice::MakeFaceModel(**version, sluice::ImageLimits{});
  if (!model.ok()) return fail(model.status());
  std::ifstream in(argv[3], std::ios::binary);
  const std::string picture{std::istreambuf_iterator<char>(in), {}};

  sluice::bench::Measure(images, threads, [&](int t) {
    const auto detector = std::make_shared<sluice::FaceDetector>();
    if (!detector->Prepare(*model).ok()) std::abort();
    return [&, t, detector] {
      sluice::JobTimes times;
      if (!detector->Detect(*model, (*version)->SessionFor(t), picture, 0.5f, sluice::SystemClock(), times).ok())
        std::abort();
    };
  });
}
