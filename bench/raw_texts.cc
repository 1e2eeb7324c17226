// The text pipeline (normalise, tokenise, infer, softmax) without server, queue or network.
//
//   raw_texts MODELS_DIR MODEL_ID FILE CALLS THREADS     ->  {"count":2000,"cpu_s":…,"wall_s":…}
//
// FILE holds texts, one a line; a call takes the next hundred of them, and after the last begins again.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>

#include "bench/raw_model.h"
#include "pipeline/text_classification/classifier.h"

constexpr size_t kTextsPerCall = 100;

int main(int argc, char** argv) {
  sluice::DisableTelemetry();
  const auto fail = [](const absl::Status& status) { return sluice::bench::Fail("raw_texts", status); };
  if (argc != 6) return fail(absl::InvalidArgumentError("MODELS_DIR MODEL_ID FILE CALLS THREADS"));
  const int calls = std::atoi(argv[4]), threads = std::atoi(argv[5]);
  const sluice::bench::RawModel loaded(argv[1], argv[2], threads);
  const auto model = sluice::MakeTextModel(loaded.version());
  if (!model.ok()) return fail(model.status());
  std::vector<std::string> texts;
  std::ifstream in(argv[3]);
  for (std::string line; std::getline(in, line);) texts.push_back(std::move(line));
  if (texts.empty()) return fail(absl::NotFoundError("FILE has no lines"));

  sluice::bench::Measure(calls, threads, [&](int t) {
    return [&, t, at = size_t{0}, classifier = std::make_shared<sluice::TextClassifier>()]() mutable {
      sluice::JobTimes times;
      const auto call = std::span<const std::string>(texts).subspan(at, std::min(kTextsPerCall, texts.size() - at));
      if (!classifier->Classify(*model, loaded.version().SessionFor(t), call, sluice::SystemClock(), times).ok())
        std::abort();
      at = at + call.size() == texts.size() ? 0 : at + call.size();
    };
  });
}
