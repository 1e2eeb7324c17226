#include "transport/http/gate.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice::http {
namespace {

struct Case {
  std::string authority, origin;
  Reason expected;  // REASON_UNSPECIFIED = passes
};

void Check(const GateRules& rules, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    RequestHead head;
    head.authority = c.authority;
    if (!c.origin.empty()) head.headers.Add("origin", c.origin);
    const absl::Status status = CheckGate(head, rules);
    const Reason reason = status.ok() ? Reason::REASON_UNSPECIFIED : ReasonOf(status);
    EXPECT_EQ(reason, c.expected) << c.authority << " from " << c.origin;
  }
}

constexpr Reason kPass = Reason::REASON_UNSPECIFIED;

TEST(GateTest, ALoopbackListenerAnswersOnlyForThisMachine) {
  GateRules rules{.loopback = true, .allowed_hosts = {"sluice.test", "*.lan"}};
  Check(rules, {{"localhost", "", kPass},
                {"LOCALHOST:8000", "", kPass},
                {"127.0.0.1:50051", "", kPass},
                {"127.9.9.9", "", kPass},
                {"[::1]:8000", "", kPass},
                {"", "", kPass},
                {"sluice.test:1", "", kPass},
                {"a.lan", "", kPass},
                {"lan", "", Reason::HOST_NOT_ALLOWED},
                {"evil.example", "", Reason::HOST_NOT_ALLOWED},
                {"localhost.evil.example", "", Reason::HOST_NOT_ALLOWED},
                {"127.0.0.1.evil.example", "", Reason::HOST_NOT_ALLOWED},
                {"10.0.0.1", "", Reason::HOST_NOT_ALLOWED},
                {"[::1", "", Reason::HOST_NOT_ALLOWED}});
}

TEST(GateTest, AnotherListenerAnswersForAllHostsUnlessTold) {
  Check({}, {{"anything:1", "", kPass}});
  Check({.allowed_hosts = {"api.example.com"}}, {{"api.example.com:443", "", kPass},
                                                 {"API.example.com", "", kPass},
                                                 {"localhost", "", Reason::HOST_NOT_ALLOWED}});
}

TEST(GateTest, ForeignWebPagesAreRefused) {
  GateRules rules{.loopback = true, .allowed_origins = {"https://console.example.com"}};
  Check(rules, {{"localhost:8000", "http://localhost:8000", kPass},
                {"localhost", "http://localhost:80", kPass},
                {"localhost", "https://localhost", kPass},
                {"localhost:8000", "https://console.example.com", kPass},
                {"localhost:8000", "https://console.example.com.evil", Reason::ORIGIN_NOT_ALLOWED},
                {"localhost:8000", "http://localhost:9000", Reason::ORIGIN_NOT_ALLOWED},
                {"localhost:8000", "https://evil.example", Reason::ORIGIN_NOT_ALLOWED},
                {"localhost:8000", "null", Reason::ORIGIN_NOT_ALLOWED}});
  Check({.allowed_origins = {"*"}}, {{"a", "https://b", kPass}});
}

}  // namespace
}  // namespace sluice::http
