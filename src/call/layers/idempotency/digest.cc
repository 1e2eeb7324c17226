#include "call/layers/idempotency/digest.h"

#include <array>

#include "base/sha256.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace sluice {
namespace {

// Takes what is written to it as the digest's input, a piece at a time.
class HashingStream final : public google::protobuf::io::ZeroCopyOutputStream {
 public:
  bool Next(void** data, int* size) override {
    Flush();
    *data = buffer_.data();
    *size = static_cast<int>(buffer_.size());
    used_ = buffer_.size();
    total_ += *size;
    return true;
  }
  void BackUp(int count) override {
    used_ -= static_cast<size_t>(count);
    total_ -= count;
  }
  int64_t ByteCount() const override { return total_; }
  // Large texts and bytes come so, and are not copied.
  bool AllowsAliasing() const override { return true; }
  bool WriteAliasedRaw(const void* data, int size) override {
    Flush();
    hash_.Update({static_cast<const char*>(data), static_cast<size_t>(size)});
    total_ += size;
    return true;
  }
  std::string Finish() {
    Flush();
    return hash_.Finish();
  }

 private:
  void Flush() {
    hash_.Update({buffer_.data(), used_});
    used_ = 0;
  }

  std::array<char, 8192> buffer_;
  size_t used_ = 0;
  int64_t total_ = 0;
  Sha256 hash_;
};

}  // namespace

std::string DigestOf(const google::protobuf::Message& message) {
  HashingStream stream;
  {
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    out.EnableAliasing(true);
    message.SerializeToCodedStream(&out);
  }
  return stream.Finish();
}

}  // namespace sluice
