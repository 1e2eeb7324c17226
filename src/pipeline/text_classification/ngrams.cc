#include "pipeline/text_classification/ngrams.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr char32_t kBegin = 2, kEnd = 3;

uint32_t Finish(uint32_t h) {
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  return h ^ h >> 12;
}

}  // namespace

void HashNgrams(std::u32string_view text, const NgramOptions& options, std::vector<int64_t>& ids) {
  ids.clear();
  const size_t length = text.size() + 2;
  const auto at = [&](size_t i) { return i == 0 ? kBegin : i + 1 == length ? kEnd : text[i - 1]; };
  for (size_t i = 0; i < length; ++i) {
    uint32_t h = options.seed;
    for (uint32_t n = 1; n <= options.max && i + n <= length; ++n) {
      h = (h ^ static_cast<uint32_t>(at(i + n - 1))) * 16777619u;
      if (n >= options.min) ids.push_back(std::max<int64_t>(Finish(h) & (options.buckets - 1), 1));
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace sluice
