// What the command line says in a form of its own: steps of rate, shares, principals.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"

namespace sluice::cli::bench {

// A stretch of time with one rate of arrivals.
struct Step {
  std::string name;       // as it was written
  double per_second = 0;  // or a multiple of the capacity, which At() resolves
  bool of_capacity = false;
  Duration lasts{};
  double capacity = 0;  // calls per second, as it was then; 0: not known

  Step At(double capacity) const;
};

// "0.5x,1x,300,20x:10": calls per second, or with x multiples of the capacity; after a colon the seconds, else
// `seconds`.
absl::StatusOr<std::vector<Step>> ParseSteps(std::string_view text, double seconds);

struct Share {
  std::string name;
  double weight = 1;
};

// "live=8,batch=2"; a weight may be left out. An empty text is one share without a name.
absl::StatusOr<std::vector<Share>> ParseShares(std::string_view text);

// The index of one of them, as often as its weight says.
size_t Choose(const std::vector<Share>& shares, Random& random);

// How a principal shows who it is.
struct Identity {
  std::string source_ip;      // its connections come from there; empty: from anywhere
  std::string header, value;  // empty: none
};

// "127.0.0.2" (a source address), "xff:10.0.0.1" (X-Forwarded-For, for a server that trusts us), "key:SECRET", or "".
absl::StatusOr<Identity> ParseIdentity(std::string_view principal);

}  // namespace sluice::cli::bench
