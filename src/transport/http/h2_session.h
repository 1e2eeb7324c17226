// HTTP/2 on nghttp2 (prior knowledge and ALPN), as a passive Session.
#pragma once

#include <memory>

#include "base/budget.h"
#include "transport/http/limits.h"
#include "transport/http/session.h"

namespace sluice::http {

// All arguments outlive the session. The first bytes given to Receive are the client's connection preface.
std::unique_ptr<Session> NewH2Session(SessionHost& host, const Limits& limits, Budget& budget);

}  // namespace sluice::http
