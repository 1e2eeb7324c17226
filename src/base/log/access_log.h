// Where access-log lines go: a bounded buffer between the loops and one writer thread.
//
// Append never blocks and never drops. When the buffer is above its bound, Congested() turns true and the observe layer
// parks new calls until the disk caught up; so the buffer grows by at most the lines of calls already in flight.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace sluice {

class AccessLog {
 public:
  static constexpr size_t kBufferBytesMax = 4 << 20;

  // Takes ownership of `fd` when `owned`; fd -1 discards lines ("off").
  AccessLog(int fd, bool owned);
  // Writes what is left.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;

  bool enabled() const { return fd_ >= 0; }
  // `line` without the newline. Any thread.
  void Append(std::string_view line);
  bool Congested() const;
  // Returns when every line appended before the call was handed to the operating system, or the output failed.
  void Flush();

 private:
  void WriteLoop();
  void WriteAll(std::string_view bytes);

  const int fd_;
  const bool owned_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable written_;
  std::string pending_;
  size_t writing_bytes_ = 0;  // taken by the writer, not yet with the operating system
  bool stop_ = false;
  std::thread writer_;
};

}  // namespace sluice
