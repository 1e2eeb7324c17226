// A text to the code points that a model was trained on: training/text/PREPROCESSING.md, section 2, step by step.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

struct NormalizeOptions {
  bool enabled = true;      // NFKC_Casefold, traditional → simplified, white space; off: the text as it is
  bool collapse = false;    // white space becomes one blank (true) or vanishes (false)
  uint32_t raw_cut = 1024;  // code points of the input that are looked at
  uint32_t length_max = 0;  // code points kept at the end; 0 = all
};

// Replaces `out`. INVALID_REQUEST when `utf8` is not valid UTF-8. Pure; any thread. The first call builds a table (0.1
// s).
absl::Status NormalizeText(std::string_view utf8, const NormalizeOptions& options, std::u32string& out);

// General category Lu, Ll, Lt, Lm or Lo somewhere: what no_letter asks.
bool HasLetter(std::u32string_view text);

}  // namespace sluice
