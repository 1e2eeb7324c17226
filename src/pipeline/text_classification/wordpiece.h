// BERT's tokenizer (basic + WordPiece), equal to Hugging Face's BertTokenizer: training/text/PREPROCESSING.md,
// section 5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace sluice {

// Immutable, thread-safe.
class WordPiece {
 public:
  // `vocabulary` is vocab.txt: one token per line, the line number from 0 is the id. MODEL_UNAVAILABLE without [CLS],
  // [SEP] or [UNK].
  static absl::StatusOr<WordPiece> Parse(std::string_view vocabulary, bool lower_case);

  // Replaces `ids` by [CLS] pieces [SEP], at most `length_max` (>= 2) of them.
  void Tokenize(std::u32string_view text, size_t length_max, std::vector<int64_t>& ids) const;

 private:
  void AddText(std::u32string_view text, size_t limit, std::vector<int64_t>& ids) const;
  void AddWord(std::u32string_view word, std::vector<int64_t>& ids) const;

  absl::flat_hash_map<std::u32string, int64_t> first_, next_;  // pieces that begin a word, and ##pieces without the ##
  std::vector<std::pair<std::u32string, int64_t>> special_;    // [CLS] … where the text itself has them
  int64_t cls_ = 0, sep_ = 0, unknown_ = 0;
  bool lower_case_ = true;
};

}  // namespace sluice
