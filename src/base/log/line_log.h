// Lines for a file, pipe or terminal whose reader may stall: a bounded buffer between any threads and one writer.
//
// Append never blocks. When the output stalls for Options::patience, what waits is lost; so is what finds the buffer
// full. Losses are counted, and the next line that is written says how many there were: written + lost = appended. A
// line is written whole, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice {

class LineLog {
 public:
  struct Options {
    size_t bytes_max = 4 << 20;  // waiting, and with the writer
    Duration patience = std::chrono::seconds(1);
    // Lines that come within a moment share one write; zero: none waits for others.
    Duration gather = std::chrono::milliseconds(100);
    // A slow reader is waited for, however long: see Congested(). Only above twice bytes_max lines are lost then.
    bool waits = false;
    // A file: reopened if it was renamed or removed, and by Reopen(). Empty: `fd` is all there is.
    std::string path = {};
    // The line that tells of so many lost.
    std::function<std::string(uint64_t lost)> note = {};
  };

  // For appending; -1 and errno if it cannot be. Never waits: a pipe that nobody reads is ENXIO.
  static int OpenFile(const std::string& path);

  // Takes ownership of `fd` when there is a path.
  LineLog(int fd, Options options);
  // Writes what is left as far as the output takes it within `patience`, or half a second.
  ~LineLog();
  LineLog(const LineLog&) = delete;

  // `line` without the newline. Any thread.
  void Append(std::string_view line);
  // Options::waits: the buffer is full; whoever can should wait before doing what makes lines. Any thread.
  bool Congested() const;
  // Waits until every line appended before was handed to the operating system or lost, at most so long; returns how
  // many lines still wait.
  uint64_t Flush(Duration at_most);
  // Reopens the file before the next line, as a program that rotates logs asks for. Any thread.
  void Reopen();
  // Lines lost so far.
  uint64_t lost() const;

 private:
  struct Shared;
  class Writer;
  // Also the writer's, which may outlive this object inside a write that never returns.
  const std::shared_ptr<Shared> shared_;
};

}  // namespace sluice
