// What the two session fuzzers do alike: take a session's output, a bounded number of times and bytes.
#pragma once

#include <sys/uio.h>

#include <algorithm>

#include "transport/http/session.h"

namespace sluice::http {

// At most `most` bytes are taken of each Gather, so that partial writes are seen.
inline void TakeOutput(Session& session, size_t most) {
  iovec out[4];
  for (int i = 0; i < 100; ++i) {
    const size_t n = session.Gather(out);
    size_t bytes = 0;
    for (size_t j = 0; j < n; ++j) bytes += out[j].iov_len;
    if (bytes == 0) return;
    session.Written(std::min(bytes, most));
  }
}

}  // namespace sluice::http
