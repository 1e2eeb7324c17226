// The server's BERT tokenizer as a filter, for comparison with others:
//
//   tokenizer VOCAB_FILE LENGTH_MAX      standard input: texts as UTF-8, each ended by a 0 byte
//                                        standard output: a line of ids for each
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "pipeline/text_classification/normalize.h"
#include "pipeline/text_classification/wordpiece.h"

int main(int argc, char** argv) {
  const auto fail = [](const std::string& what) {
    std::fprintf(stderr, "tokenizer: %s\n", what.c_str());
    return 1;
  };
  if (argc != 3) return fail("VOCAB_FILE LENGTH_MAX");
  std::ifstream in(argv[1], std::ios::binary);
  const std::string vocabulary{std::istreambuf_iterator<char>(in), {}};
  const auto tokenizer = sluice::WordPiece::Parse(vocabulary, /*lower_case=*/true);
  if (!tokenizer.ok()) return fail(std::string(tokenizer.status().message()));
  const auto length_max = static_cast<size_t>(std::atoi(argv[2]));
  std::u32string text;
  std::vector<int64_t> ids;
  for (std::string utf8; std::getline(std::cin, utf8, '\0');) {
    if (!sluice::NormalizeText(utf8, {.enabled = false, .raw_cut = UINT32_MAX}, text).ok()) return fail("not UTF-8");
    tokenizer->Tokenize(text, length_max, ids);
    for (const int64_t id : ids) std::printf("%lld ", static_cast<long long>(id));
    std::printf("\n");
  }
  return 0;
}
