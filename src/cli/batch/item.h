// One entry of a batch's input: a line with a text, or an image file.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::cli {

struct Item {
  uint64_t line = 0;    // of the input, from 1; of a folder: the image's place in order of names
  std::string payload;  // the text; the path of the image
  std::string name;     // the text's id, or the image's path below the folder; may be empty
  std::string error;    // not empty: not worth sending, and why
};

}  // namespace sluice::cli
