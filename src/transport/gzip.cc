#include "transport/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>

#include "absl/base/internal/raw_logging.h"
#include "base/error.h"
#include "base/stop.h"
#include "base/strings.h"
#include "base/uninitialized.h"

namespace sluice::transport {
namespace {

constexpr size_t kChunkBytes = 32 << 10;
constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kFastest = 1;  // of libdeflate's levels
// zlib counts in 32 bits.
constexpr size_t kInputBytesMax = 1u << 30;

Bytef* Input(std::string_view in) { return reinterpret_cast<Bytef*>(const_cast<char*>(in.data())); }

}  // namespace

void internal::InflateEnd::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

void internal::DeflateEnd::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

Inflater::Inflater(size_t output_bytes_max, Format format)
    : stream_(new z_stream{}), output_bytes_max_(output_bytes_max), format_(format) {
  const int code = inflateInit2(stream_.get(), format == Format::kGzip ? kGzipWindow : kZlibWindow);
  ABSL_RAW_CHECK(code == Z_OK, "zlib has no memory for a stream");
}

void Inflater::Reset(size_t output_bytes_max, DecodeMemory* memory) {
  memory_ = memory;
  inflateReset(stream_.get());
  output_bytes_max_ = output_bytes_max;
  output_bytes_ = 0;
  between_members_ = true;
  any_member_ = false;
}

// Doubles, as a string does; while it moves, both copies are there.
absl::Status Inflater::Grow(size_t made, std::string& out) {
  const size_t before = out.capacity(), need = out.size() + made;
  if (need <= before) return absl::OkStatus();
  const size_t bound = need + (output_bytes_max_ - output_bytes_ - made);
  const size_t after = std::max(need, std::min(2 * before, bound));
  if (memory_ != nullptr) RETURN_IF_ERROR(memory_->Take(after));
  out.reserve(after);
  if (memory_ != nullptr && before >= kChunkBytes) memory_->Give(before);
  return absl::OkStatus();
}

absl::Status Inflater::Write(std::string_view in, std::string& out, const std::stop_token& stop) {
  char chunk[kChunkBytes];
  while (!in.empty()) {
    if (between_members_ && any_member_ && format_ == Format::kZlib) {
      return Error(Reason::INVALID_BODY, "the compressed body has more data after its end");
    }
    const std::string_view piece = in.substr(0, kInputBytesMax);
    stream_->next_in = Input(piece);
    stream_->avail_in = static_cast<uInt>(piece.size());
    between_members_ = false;
    int code = Z_OK;
    do {
      RETURN_IF_ERROR(CheckStop(stop));
      stream_->next_out = reinterpret_cast<Bytef*>(chunk);
      stream_->avail_out = kChunkBytes;
      code = inflate(stream_.get(), Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return Error(Reason::INVALID_BODY, "the compressed body is damaged; send valid gzip, or the body uncompressed");
      }
      const size_t made = kChunkBytes - stream_->avail_out;
      if (made > output_bytes_max_ - output_bytes_) {
        return Error(Reason::BODY_TOO_LARGE,
                     StrCat("the body decompresses to more than ", output_bytes_max_, " bytes; send a smaller one"));
      }
      RETURN_IF_ERROR(Grow(made, out));
      out.append(chunk, made);
      output_bytes_ += made;
    } while (code == Z_OK && (stream_->avail_in > 0 || stream_->avail_out == 0));
    in.remove_prefix(piece.size() - stream_->avail_in);
    if (code == Z_STREAM_END) {
      between_members_ = any_member_ = true;
      inflateReset(stream_.get());
    }
  }
  return absl::OkStatus();
}

absl::Status Inflater::Finish() const {
  if (between_members_ && any_member_) return absl::OkStatus();
  return Error(Reason::INVALID_BODY, "the compressed body ends early; send all of it");
}

Deflater::Deflater(int level) : stream_(new z_stream{}) {
  const int code = deflateInit2(stream_.get(), level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  ABSL_RAW_CHECK(code == Z_OK, "zlib has no memory for a stream");
}

void Deflater::Run(std::string_view in, int flush, std::string& out) {
  char chunk[kChunkBytes];
  do {
    const std::string_view piece = in.substr(0, kInputBytesMax);
    in.remove_prefix(piece.size());
    const int now = in.empty() ? flush : Z_NO_FLUSH;
    stream_->next_in = Input(piece);
    stream_->avail_in = static_cast<uInt>(piece.size());
    do {
      stream_->next_out = reinterpret_cast<Bytef*>(chunk);
      stream_->avail_out = kChunkBytes;
      deflate(stream_.get(), now);
      out.append(chunk, kChunkBytes - stream_->avail_out);
    } while (stream_->avail_out == 0);
  } while (!in.empty());
}

void Deflater::Write(std::string_view in, std::string& out) { Run(in, Z_NO_FLUSH, out); }
void Deflater::Flush(std::string& out) { Run({}, Z_SYNC_FLUSH, out); }
void Deflater::Finish(std::string& out) { Run({}, Z_FINISH, out); }
void Deflater::Reset() { deflateReset(stream_.get()); }

absl::Status Inflate(std::string_view in, size_t output_bytes_max, std::string& out, Inflater::Format format,
                     const std::stop_token& stop, DecodeMemory* memory) {
  if (format != Inflater::Format::kGzip) {
    Inflater inflater(output_bytes_max, format);
    inflater.Reset(output_bytes_max, memory);
    RETURN_IF_ERROR(inflater.Write(in, out, stop));
    return inflater.Finish();
  }
  thread_local Inflater inflater(0);
  inflater.Reset(output_bytes_max, memory);
  RETURN_IF_ERROR(inflater.Write(in, out, stop));
  return inflater.Finish();
}

// libdeflate, which takes half of zlib's time, and knows only whole texts.
void Deflate(std::string_view in, std::string& out) {
  struct Free {
    void operator()(libdeflate_compressor* packer) const { libdeflate_free_compressor(packer); }
  };
  thread_local const std::unique_ptr<libdeflate_compressor, Free> packer(libdeflate_alloc_compressor(kFastest));
  ABSL_RAW_CHECK(packer != nullptr, "libdeflate has no memory for a stream");
  const size_t before = out.size(), most = libdeflate_gzip_compress_bound(packer.get(), in.size());
  ResizeUninitialized(out, before + most);
  const size_t made = libdeflate_gzip_compress(packer.get(), in.data(), in.size(), out.data() + before, most);
  ABSL_RAW_CHECK(made > 0, "libdeflate's bound is none");
  out.resize(before + made);
  if (out.capacity() - out.size() > kChunkBytes) out.shrink_to_fit();
}

}  // namespace sluice::transport
