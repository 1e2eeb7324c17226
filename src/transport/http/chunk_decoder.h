// Takes the chunked transfer coding off a request body. Pure; strict: CRLF only, no white space around sizes, bounded
// extensions and trailers, which are checked for their form and dropped.
//
// Beast could do this, but stops the process by an assertion on some malformed trailers (1.81; found by
// h1_session_fuzz).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::http {

class ChunkDecoder {
 public:
  enum class State { kMore, kDone, kError };

  // Takes bytes up to the end of the next piece of the body, of the whole body, or of `in`; returns how many.
  size_t Decode(std::string_view in);
  // The piece that Decode found, a part of `in`; may be empty.
  std::string_view piece() const { return piece_; }
  State state() const { return at_ == At::kDone ? State::kDone : at_ == At::kError ? State::kError : State::kMore; }

 private:
  enum class At {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kDone,
    kError,
  };

  At Step(char c);
  At OnSize(char c);
  At OnTrailer(char c);

  At at_ = At::kSize;
  uint64_t left_ = 0;    // of the chunk
  int digits_ = 0;       // of its size
  size_t overhead_ = 0;  // bytes of extensions of this chunk, or of all trailers
  std::string_view piece_;
};

}  // namespace sluice::http
