// gzip both ways over zlib, and libdeflate for whole bodies, with a bound on what comes out: for REST bodies
// (Content-Encoding) and gRPC messages.
//
//   Inflater inflater(/*output_bytes_max=*/32 << 20);
//   for (chunk of the body) RETURN_IF_ERROR(inflater.Write(chunk, out));
//   RETURN_IF_ERROR(inflater.Finish());
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/decode_memory.h"

struct z_stream_s;

namespace sluice::transport {

namespace internal {
struct InflateEnd {
  void operator()(z_stream_s* stream) const;
};
struct DeflateEnd {
  void operator()(z_stream_s* stream) const;
};
}  // namespace internal

// Reusable after Reset(); keeps about 40 kB. Not thread-safe.
class Inflater {
 public:
  enum class Format { kGzip, kZlib };  // Content-Encoding gzip, deflate

  explicit Inflater(size_t output_bytes_max, Format format = Format::kGzip);

  // Appends what `in` inflates to. BODY_TOO_LARGE as soon as all output together passes the bound, before more is made;
  // INVALID_BODY when the data is corrupt. Members of a gzip file that follow each other are joined. CANCELLED soon
  // after `stop` was requested.
  absl::Status Write(std::string_view in, std::string& out, const std::stop_token& stop = {});

  // INVALID_BODY when the data ended early.
  absl::Status Finish() const;

  // From now on the output's memory is taken from `memory`, and stays taken; null = nobody counts.
  void Reset(size_t output_bytes_max, DecodeMemory* memory = nullptr);

 private:
  absl::Status Grow(size_t made, std::string& out);

  std::unique_ptr<z_stream_s, internal::InflateEnd> stream_;
  size_t output_bytes_max_;
  size_t output_bytes_ = 0;
  DecodeMemory* memory_ = nullptr;
  bool between_members_ = true;  // nothing read of the present member
  bool any_member_ = false;
  Format format_;
};

// Reusable after Reset(); keeps about 260 kB. Not thread-safe.
class Deflater {
 public:
  explicit Deflater(int level = 1);

  void Write(std::string_view in, std::string& out);
  // Makes all that was written readable for the client now (a streamed message).
  void Flush(std::string& out);
  void Finish(std::string& out);
  void Reset();

 private:
  void Run(std::string_view in, int flush, std::string& out);
  std::unique_ptr<z_stream_s, internal::DeflateEnd> stream_;
};

// Inflating more than this leaves the loop: it may become a thousand times as much, and then be parsed.
inline constexpr size_t kPackedChoreBytes = 128;

// A whole body at once, appended to `out`. Use a thread's own stream, so nothing is allocated but the output.
absl::Status Inflate(std::string_view in, size_t output_bytes_max, std::string& out,
                     Inflater::Format format = Inflater::Format::kGzip, const std::stop_token& stop = {},
                     DecodeMemory* memory = nullptr);
void Deflate(std::string_view in, std::string& out);

}  // namespace sluice::transport
