#include "engine/trial/verdict.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "engine/trial/agree.h"

namespace sluice::trial {
namespace {

using ai::inference::trial::Report;
using ai::inference::trial::Run;

constexpr double kFaster = 0.9;

std::string Figure(const Outcome& outcome) {
  const double us = outcome.report.us_a_run();
  if (us <= 0) return StrCat(outcome.engine, " not timed");
  if (us >= 1000) return absl::StrFormat("%s %.3g ms per run", outcome.engine, us / 1000);
  return absl::StrFormat("%s %.3g us per run", outcome.engine, us);
}

std::string Figures(const std::vector<const Outcome*>& able) {
  std::string figures;
  for (const Outcome* one : able) absl::StrAppend(&figures, figures.empty() ? "" : ", ", Figure(*one));
  return figures;
}

// What `other` gives different results than `first`; empty when nothing.
std::string Disagreement(const Report& first, const Report& other) {
  for (int i = 0; i < std::min(first.runs_size(), other.runs_size()); ++i) {
    const Run &a = first.runs(i), &b = other.runs(i);
    if (a.hostile() || b.hostile() || a.inputs() != b.inputs()) break;
    const std::string difference = DifferenceOf(a, b);
    if (!difference.empty()) return StrCat("on ", a.inputs(), ", ", difference);
  }
  return {};
}

// Hostile runs: an answer where the first engine sees an error, or another answer where both are sure of theirs.
std::string Unchecked(const Report& first, const Report& other) {
  const auto next = [](const Report& report, int& i) {
    while (i < report.runs_size() && !report.runs(i).hostile()) ++i;
    return i < report.runs_size() ? &report.runs(i++) : nullptr;
  };
  int i = 0, j = 0;
  while (true) {
    const Run *a = next(first, i), *b = next(other, j);
    if (a == nullptr || b == nullptr) return {};
    if (!a->ok() && b->ok()) return StrCat("a result for ", a->inputs(), ", where the other reports an error");
    if (!a->ok() || !b->ok() || a->inputs() != "64-bit numbers") continue;
    const std::string difference = DifferenceOf(*a, *b);
    if (!difference.empty()) return StrCat("on ", a->inputs(), ", ", difference);
  }
}

Verdict None(const std::vector<Outcome>& outcomes) {
  Verdict verdict;
  std::string reason;
  for (const Outcome& one : outcomes) {
    verdict.set_passing(verdict.passing() || one.passing);
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", outcomes.size() > 1 ? one.engine + ": " : "", one.failure);
  }
  verdict.set_reason(std::move(reason));
  return verdict;
}

}  // namespace

Verdict Decide(const std::vector<Outcome>& outcomes, bool trusted_inputs) {
  std::vector<const Outcome*> able;
  std::string unable;
  for (const Outcome& one : outcomes) {
    if (one.failure.empty()) {
      able.push_back(&one);
    } else {
      absl::StrAppend(&unable, "; ", one.engine, ": ", one.failure);
    }
  }
  if (able.empty()) return None(outcomes);
  const Outcome* best = able[0];
  Verdict verdict;
  for (const Outcome* other : able) {
    if (other == able[0]) continue;
    std::string difference = Disagreement(able[0]->report, other->report);
    if (!difference.empty()) {
      verdict.set_warning(StrCat(other->engine, " gives different results than ", able[0]->engine, ": ", difference));
    } else if (!trusted_inputs && !(difference = Unchecked(able[0]->report, other->report)).empty()) {
      absl::StrAppend(&unable, "; ", other->engine, " is ruled out: ", difference);
    } else if (other->report.us_a_run() > 0 && best->report.us_a_run() > 0 &&
               other->report.us_a_run() < kFaster * best->report.us_a_run()) {
      best = other;
    }
  }
  // The one that was taken comes first.
  std::stable_partition(able.begin(), able.end(), [best](const Outcome* one) { return one == best; });
  verdict.set_engine(best->engine);
  verdict.set_memory_bytes(best->report.memory_bytes());
  verdict.set_reason(Figures(able) + unable);
  for (const Outcome& one : outcomes) verdict.set_passing(verdict.passing() || one.passing);
  return verdict;
}

}  // namespace sluice::trial
