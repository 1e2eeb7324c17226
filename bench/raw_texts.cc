// The text pipeline (normalise, tokenise, infer, softmax) without server, queue or network.
//
//   raw_texts MODELS_DIR MODEL_ID FILE CALLS THREADS     ->  {"count":2000,"cpu_s":…,"wall_s":…}
//
// FILE holds the texts of one call, one a line.
#include <cstdlib>
#include <fstream>
#include <memory>

#include "bench/raw.h"
#include "lists.h"
#include "pipeline/text_classification/classifier.h"

int main(int argc, char** argv) {
  const auto fail = [](const absl::Status& status) { return sluice::bench::Fail("raw_texts", status); };
  if (argc != 6) return fail(absl::InvalidArgumentError("MODELS_DIR MODEL_ID FILE CALLS THREADS"));
  const int calls = std::atoi(argv[4]), threads = std::atoi(argv[5]);
  const auto engines = sluice::MakeEngines();
  sluice::Repository repository({.roots = {argv[1]}, .workers = threads}, sluice::Pointers(engines));
  if (auto status = repository.Load(); !status.ok()) return fail(status);
  const auto version = repository.Resolve(argv[2]);
  if (!version.ok()) return fail(version.status());
  const auto model = sluice::MakeTextModel(**version);
  if (!model.ok()) return fail(model.status());
  std::vector<std::string> texts;
  std::ifstream in(argv[3]);
  for (std::string line; std::getline(in, line);) texts.push_back(std::move(line));
  if (texts.empty()) return fail(absl::NotFoundError("FILE has no lines"));

  sluice::bench::Measure(calls, threads, [&](int t) {
    return [&, t, classifier = std::make_shared<sluice::TextClassifier>()] {
      sluice::JobTimes times;
      if (!classifier->Classify(*model, (*version)->SessionFor(t), texts, sluice::SystemClock(), times).ok())
        std::abort();
    };
  });
}
