// The face-detection pipeline without server, queue or network: the yardstick for what serving costs.
//
//   raw_pipeline MODELS_DIR MODEL_ID PICTURE IMAGES THREADS     ->  {"count":2000,"cpu_s":…,"wall_s":…}
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "bench/raw_faces.h"

int main(int argc, char** argv) {
  sluice::DisableTelemetry();
  using sluice::bench::RawFaces;
  if (argc != 6) {
    const auto usage = absl::InvalidArgumentError("MODELS_DIR MODEL_ID PICTURE IMAGES THREADS");
    return sluice::bench::Fail("raw_pipeline", usage);
  }
  const int images = std::atoi(argv[4]), threads = std::atoi(argv[5]);
  RawFaces faces(argv[1], argv[2], threads);
  std::ifstream in(argv[3], std::ios::binary);
  const std::string picture{std::istreambuf_iterator<char>(in), {}};
  sluice::bench::Measure(images, threads, [&](int t) { return [&, t] { faces.Find(t, picture); }; });
}
