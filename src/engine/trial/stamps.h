// What was tried before, kept in the cache folder: one small JSON file for each verdict, named after everything that it
// depends on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/trial/verdict.h"

namespace sluice::trial {

class Stamps {
 public:
  // `folder` empty: nothing is kept. It is made when there is something to keep.
  explicit Stamps(std::string folder) : folder_(std::move(folder)) {}

  // Hex digest of `what`: the files' digest, engines, versions, settings, machine.
  static std::string KeyOf(std::string_view what);

  // Nothing when there is none, or none that can be read.
  std::optional<Verdict> Read(const std::string& key) const;
  // Whole or not at all. What cannot be kept is tried again the next time.
  void Write(const std::string& key, const Verdict& verdict) const;
  // For an explicit load.
  void Remove(const std::string& key) const;

 private:
  std::string PathOf(const std::string& key) const { return folder_ + "/" + key + ".json"; }
  const std::string folder_;
};

}  // namespace sluice::trial
