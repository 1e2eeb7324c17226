// A run in numbers: lines for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "cli/bench/cpu.h"
#include "cli/bench/generator.h"

namespace sluice::cli::bench {

struct StepReport {
  const Step* step = nullptr;
  const StepResult* result = nullptr;
  CpuTimes cpu;         // while it lasted and in the pause after it
  Duration cpu_over{};  // that time
};

struct RunReport {
  std::string what;  // "recognize over rest, a body of 61 kB, 100 ms"
  std::string date, machine;
  int cores = 1;
  Duration deadline{}, window{};
  const Load* load = nullptr;
  std::vector<StepReport> steps;
  const std::vector<Window>* windows = nullptr;
};

double GoodputOf(const StepReport& step);
// Calls per second, the median of the steps'; 0: not known.
double CapacityOf(const RunReport& run);

// With the classes and principals below each step, where there are several.
std::string TableOf(const RunReport& run);
std::string JsonOf(const RunReport& run);

}  // namespace sluice::cli::bench
