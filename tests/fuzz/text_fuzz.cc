// Any bytes through normaliser, n-gram hash and WordPiece: no crash, and the promises of their headers hold.
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/text_classification/ngrams.h"
#include "pipeline/text_classification/normalize.h"
#include "pipeline/text_classification/wordpiece.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto wordpiece = sluice::WordPiece::Parse("[PAD]\n[UNK]\n[CLS]\n[SEP]\n中\n国\nab\n##c\n", true);
  static const auto kept =
      std::make_shared<const sluice::KeptBuckets>(*sluice::KeptBuckets::Parse(std::string(1 << 15, '\x5a'), 1 << 18));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool enabled : {true, false}) {
    std::u32string normalised;
    if (!sluice::NormalizeText(text, {.enabled = enabled, .collapse = size % 2 == 0, .length_max = 128}, normalised)
             .ok())
      continue;
    if (normalised.size() > 128) std::abort();
    std::vector<int64_t> ids;
    sluice::HashNgrams(normalised, {}, ids);
    if (ids.empty() || ids.front() < 1 || ids.back() >= 1 << 18) std::abort();
    sluice::NgramOptions some;
    some.kept = kept;
    sluice::HashNgrams(normalised, some, ids);
    if (ids.empty() || ids.back() > kept->rows()) std::abort();
    wordpiece->Tokenize(normalised, 48, ids);
    if (ids.size() < 2 || ids.size() > 48) std::abort();
  }
  return 0;
}
