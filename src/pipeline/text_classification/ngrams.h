// Hashed character n-grams: training/text/PREPROCESSING.md, section 4.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

struct NgramOptions {
  uint32_t min = 1, max = 3;    // code points of an n-gram
  uint32_t buckets = 1u << 18;  // a power of two; row 0 is padding
  uint32_t seed = 2166136261u;
};

// Replaces `ids` by the distinct ids of the framed text, ascending; never empty. Pure.
void HashNgrams(std::u32string_view text, const NgramOptions& options, std::vector<int64_t>& ids);

}  // namespace sluice
