// What `sluice doctor` says about one thing that it looked at.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sluice::cli::doctor {

struct Finding {
  enum class Level { kGood, kHint, kProblem };
  Level level = Level::kGood;
  std::string about;       // "config", "ports", "model face_detection_v1@1"
  std::string text;        // what is
  std::string to_do = {};  // of a hint or problem
};
using Findings = std::vector<Finding>;

inline Finding Good(std::string about, std::string text) {
  return {Finding::Level::kGood, std::move(about), std::move(text)};
}
inline Finding Hint(std::string about, std::string text, std::string to_do) {
  return {Finding::Level::kHint, std::move(about), std::move(text), std::move(to_do)};
}
inline Finding Problem(std::string about, std::string text, std::string to_do) {
  return {Finding::Level::kProblem, std::move(about), std::move(text), std::move(to_do)};
}

}  // namespace sluice::cli::doctor
