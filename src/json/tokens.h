// The tokens of a JSON text: simdjson's first stage finds them (and checks UTF-8 and quotes), the reader walks them.
//
// Only the first stage is simdjson's: its second stage copies every string once more than needed, wants padded input,
// and lets lone surrogates and repeated keys pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "base/decode_memory.h"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace sluice::json {

// One text at a time; the text must outlive the walk. Not thread-safe.
class Tokens {
 public:
  Tokens();
  ~Tokens();
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  // Finds the tokens of `json` and starts at the first. INVALID_BODY names what is wrong and where.
  absl::Status Scan(std::string_view json);
  // The same; what the tokens take is taken from `memory`, and stays taken.
  absl::Status Scan(std::string_view json, DecodeMemory& memory);
  size_t count() const { return count_; }

  // First byte of the current token; 0 at the end.
  char Peek() const { return at_ < count_ ? json_[starts_[at_]] : '\0'; }
  bool AtEnd() const { return at_ >= count_; }
  void Advance() { ++at_; }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  // The current scalar: a string with its quotes, a number or a literal. Must not be at the end.
  std::string_view Scalar() const;

  // For looking ahead and coming back.
  uint32_t Mark() const { return at_; }
  void Reset(uint32_t mark) { at_ = mark; }

  // Byte offset of the current token; the length of the text at the end.
  size_t Offset() const { return at_ < count_ ? starts_[at_] : json_.size(); }
  std::string_view Text() const { return json_; }

 private:
  absl::Status ScanError(int code) const;

  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  std::string_view json_;
  const uint32_t* starts_ = nullptr;  // count_ offsets, then the length of the text
  uint32_t count_ = 0;
  uint32_t at_ = 0;
};

}  // namespace sluice::json
