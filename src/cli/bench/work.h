// What every call of a run asks for, in the form of its protocol.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice::cli::bench {

struct WorkOptions {
  std::string method = "recognize";  // recognize, classify, health
  std::string protocol = "rest";     // rest (an image as it is), json (in base64), grpc
  std::string model;                 // empty: the method's own
  std::string input;                 // recognize: an image file; classify: a file of texts, one per line
  int texts = 1;                     // a call, for classify
};

struct Work {
  bool grpc = false;
  std::string verb = "POST", path;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

absl::StatusOr<Work> MakeWork(const WorkOptions& options);

}  // namespace sluice::cli::bench
