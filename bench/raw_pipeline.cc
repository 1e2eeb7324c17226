// The face-detection pipeline without server, queue or network: the yardstick for what serving costs.
//
//   raw_pipeline MODELS_DIR MODEL_ID PICTURE IMAGES THREADS     ->  {"images":2000,"cpu_s":…,"wall_s":…}
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "lists.h"
#include "pipeline/face_detection/detector.h"

namespace {

double CpuSeconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "raw_pipeline: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return Fail(absl::InvalidArgumentError("MODELS_DIR MODEL_ID PICTURE IMAGES THREADS"));
  const int images = std::atoi(argv[4]), threads = std::atoi(argv[5]);
  const auto engines = sluice::MakeEngines();
  sluice::Repository repository({.roots = {argv[1]}, .workers = threads}, sluice::Pointers(engines));
  if (auto status = repository.Load(); !status.ok()) return Fail(status);
  const auto version = repository.Resolve(argv[2]);
  if (!version.ok()) return Fail(version.status());
  const auto model = sluice::MakeFaceModel(**version, sluice::ImageLimits{});
  if (!model.ok()) return Fail(model.status());
  std::ifstream in(argv[3], std::ios::binary);
  const std::string picture{std::istreambuf_iterator<char>(in), {}};

  const auto run = [&](int count) {
    std::atomic<int> left{count};
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        sluice::FaceDetector detector;
        while (left.fetch_sub(1) > 0) {
          sluice::JobTimes times;
          if (!detector.Detect(*model, (*version)->SessionFor(t), picture, 0.5f, sluice::SystemClock(), times).ok())
            std::abort();
        }
      });
    }
    for (auto& thread : pool) thread.join();
  };
  run(20 * threads);  // buffers grow, caches warm
  const double cpu = CpuSeconds();
  const auto start = sluice::SystemClock().Now();
  run(images);
  std::printf("{\"images\":%d,\"cpu_s\":%.6f,\"wall_s\":%.6f}\n", images, CpuSeconds() - cpu,
              sluice::ToMs(sluice::SystemClock().Now() - start) / 1000);
}
