// What the two session fuzzers do alike: host a session that nobody waits for, and take its output.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <memory>

#include "base/budget.h"
#include "base/testing/fake_loop.h"
#include "transport/http/limits.h"
#include "transport/http/session.h"

namespace sluice::http {

// Who derives from it makes the session, and takes it apart.
struct FuzzHost : SessionHost {
  FuzzHost(uint8_t p, size_t budget_bytes) : plan(p), budget(budget_bytes, 1) {}
  Loop& loop() override { return fake; }
  const Peer& peer() const override { return peer_; }
  void WantsWrite() override {}
  void WantsRead() override {}
  void Write(size_t most);

  const uint8_t plan;
  FakeLoop fake;
  Peer peer_;
  Limits limits;
  Budget budget;
  std::unique_ptr<Session> session;
};

// At most `most` bytes are taken of each Gather, so that partial writes are seen.
inline void FuzzHost::Write(size_t most) {
  iovec out[4];
  for (int i = 0; i < 100; ++i) {
    const size_t n = session->Gather(out);
    size_t bytes = 0;
    for (size_t j = 0; j < n; ++j) bytes += out[j].iov_len;
    if (bytes == 0) return;
    session->Written(std::min(bytes, most));
  }
}

}  // namespace sluice::http
