// Streams for reuse by all connections of a thread, so that idle connections keep none. Bounded in number, and each is
// small: Recycle gives back what grew.
#pragma once

#include <memory>
#include <vector>

#include "transport/http/h2_stream.h"

namespace sluice::http {

class H2StreamPool {
 public:
  static H2Stream* Get(H2Core& core) {
    std::vector<std::unique_ptr<H2Stream>>& free = Free();
    H2Stream* stream = nullptr;
    if (free.empty()) {
      stream = new H2Stream();
    } else {
      stream = free.back().release();
      free.pop_back();
    }
    stream->core_ = &core;
    return stream;
  }
  static void Put(H2Stream* stream) {
    stream->Recycle();
    std::vector<std::unique_ptr<H2Stream>>& free = Free();
    if (free.size() < kStreamsMax) {
      free.emplace_back(stream);
    } else {
      delete stream;
    }
  }

 private:
  static constexpr size_t kStreamsMax = 256;
  static std::vector<std::unique_ptr<H2Stream>>& Free() {
    thread_local std::vector<std::unique_ptr<H2Stream>> free;
    return free;
  }
};

}  // namespace sluice::http
