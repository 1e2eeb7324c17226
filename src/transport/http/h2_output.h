// Bytes of one HTTP/2 connection on their way to the socket: frames copied into blocks, large payloads by reference.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::http {

// Bytes shared by a stream's queue and the output until the last of them is written. One loop, so a plain count.
class H2Payload {
 public:
  static H2Payload* Make(std::string bytes) { return new H2Payload(std::move(bytes)); }
  void Ref() { ++refs_; }
  void Unref() {
    if (--refs_ == 0) delete this;
  }
  bool shared() const { return refs_ > 1; }
  const std::string& bytes() const { return bytes_; }
  char* data() { return bytes_.data(); }

 private:
  explicit H2Payload(std::string bytes) : bytes_(std::move(bytes)) {}
  uint32_t refs_ = 1;
  std::string bytes_;
};

class H2Output {
 public:
  H2Output() = default;
  H2Output(const H2Output&) = delete;
  H2Output& operator=(const H2Output&) = delete;
  ~H2Output();

  // Copies.
  void Append(std::string_view bytes);
  // `part` lies in `payload`, which is held until it is written.
  void AppendPart(H2Payload& payload, std::string_view part);

  // As Session::Gather and Session::Written.
  size_t Gather(std::span<iovec> out) const;
  void Written(size_t bytes);

  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  struct Segment {
    const char* data;
    size_t size;
    H2Payload* holder;
  };
  void OpenBlock();

  std::deque<Segment> segments_;
  H2Payload* block_ = nullptr;  // where Append writes
  size_t block_used_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sluice::http
