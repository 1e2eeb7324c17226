// Hashed character n-grams: training/text/PREPROCESSING.md, section 4.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// The buckets that have a row of the model's table. Immutable.
class KeptBuckets {
 public:
  // `bits` is the file of model.proto's Ngrams.kept. MODEL_UNAVAILABLE when it is not for `buckets` (a power of two).
  static absl::StatusOr<KeptBuckets> Parse(std::string_view bits, uint32_t buckets);

  // The bucket's row from 1 on; 0 when it has none. `bucket` is below the number of buckets.
  uint32_t RowOf(uint32_t bucket) const {
    const Word& word = words_[bucket / 64];
    const uint64_t bit = uint64_t{1} << bucket % 64;
    if ((word.bits & bit) == 0) return 0;
    return word.before + static_cast<uint32_t>(std::popcount(word.bits & (bit - 1))) + 1;
  }
  uint32_t rows() const { return rows_; }

 private:
  struct Word {
    uint64_t bits = 0;
    uint32_t before = 0;  // bits set in the words before
  };
  std::vector<Word> words_;
  uint32_t rows_ = 0;
};

struct NgramOptions {
  uint32_t min = 1, max = 3;    // code points of an n-gram
  uint32_t buckets = 1u << 18;  // a power of two; row 0 is padding
  uint32_t seed = 2166136261u;
  std::shared_ptr<const KeptBuckets> kept;  // null: every bucket has the row of its number
};

// Replaces `ids` by the distinct ids of the framed text, ascending; never empty ({0}, padding, when no n-gram has a
// row). Pure.
void HashNgrams(std::u32string_view text, const NgramOptions& options, std::vector<int64_t>& ids);

}  // namespace sluice
