#include "pipeline/text_classification/ngrams.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"

namespace sluice {
namespace {

constexpr char32_t kBegin = 2, kEnd = 3;

uint32_t Finish(uint32_t h) {
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  return h ^ h >> 12;
}

}  // namespace

absl::StatusOr<KeptBuckets> KeptBuckets::Parse(std::string_view bits, uint32_t buckets) {
  if (bits.size() != (size_t{buckets} + 7) / 8) {
    return Error(Reason::MODEL_UNAVAILABLE, StrCat("text_classification.ngram.kept has ", bits.size(), " bytes; ",
                                                   buckets, " buckets need ", (size_t{buckets} + 7) / 8));
  }
  KeptBuckets kept;
  kept.words_.resize((bits.size() + 7) / 8);
  for (size_t i = 0; i < bits.size(); ++i)
    kept.words_[i / 8].bits |= uint64_t{static_cast<unsigned char>(bits[i])} << i % 8 * 8;
  for (Word& word : kept.words_) {
    word.before = kept.rows_;
    kept.rows_ += static_cast<uint32_t>(std::popcount(word.bits));
  }
  return kept;
}

void HashNgrams(std::u32string_view text, const NgramOptions& options, std::vector<int64_t>& ids) {
  ids.clear();
  const size_t length = text.size() + 2;
  const auto at = [&](size_t i) { return i == 0 ? kBegin : i + 1 == length ? kEnd : text[i - 1]; };
  for (size_t i = 0; i < length; ++i) {
    uint32_t h = options.seed;
    for (uint32_t n = 1; n <= options.max && i + n <= length; ++n) {
      h = (h ^ static_cast<uint32_t>(at(i + n - 1))) * 16777619u;
      if (n < options.min) continue;
      const uint32_t bucket = std::max(Finish(h) & (options.buckets - 1), 1u);
      const uint32_t id = options.kept == nullptr ? bucket : options.kept->RowOf(bucket);
      if (id != 0) ids.push_back(id);
    }
  }
  if (ids.empty()) ids.push_back(0);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace sluice
