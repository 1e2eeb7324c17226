// HTTP/1.1 (and 1.0) on one connection: one exchange at a time, pipelined requests wait in a small buffer.
//
//   idle ─► head ─► exchange (body in, response out) ─► [rest of the body is dropped] ─► idle
//     └───────┴─ fault: 400, 408, 431 … then close    └─ close asked, or needed ─► flush, then Finished()
//
// While a response is being computed the connection is still read, within a bound, so that a client who goes away
// cancels its call (OnClosed(kReset)).
#pragma once

#include <memory>

#include "base/budget.h"
#include "transport/http/limits.h"
#include "transport/http/session.h"

namespace sluice::http {

std::unique_ptr<Session> NewH1Session(SessionHost& host, const Limits& limits, Budget& budget);

}  // namespace sluice::http
