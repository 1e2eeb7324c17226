#include "call/layers/deadline/deadline.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "call/grpc_timeout.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(GrpcTimeoutTest, UnitsAndMalformedValues) {
  EXPECT_EQ(ParseGrpcTimeout("2H"), hours(2));
  EXPECT_EQ(ParseGrpcTimeout("250m"), milliseconds(250));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), hours(24 * 365)) << "cannot overflow";
  EXPECT_EQ(ParseGrpcTimeout("0n"), Duration::zero());
  for (const char* bad : {"", "1", "S", "-1S", "123456789S", "1.5S", "1s", " 1S"}) {
    EXPECT_FALSE(ParseGrpcTimeout(bad).has_value()) << bad;
  }
}

TEST(GrpcTimeoutTest, ConnectMilliseconds) {
  EXPECT_EQ(ParseConnectTimeout("250"), milliseconds(250));
  EXPECT_EQ(ParseConnectTimeout("9999999999"), milliseconds(9'999'999'999));
  for (const char* bad : {"", "-1", "1.5", "10000000000", "5s"})
    EXPECT_FALSE(ParseConnectTimeout(bad).has_value()) << bad;
}

TEST(GrpcTimeoutTest, Seconds) {
  EXPECT_EQ(ParseSecondsTimeout("1.5"), milliseconds(1500));
  for (const char* bad : {"", "-1", "1e3", "nan", "inf", "2s"})
    EXPECT_FALSE(ParseSecondsTimeout(bad).has_value()) << bad;
}

Duration Allowed(std::initializer_list<Headers::Field> fields, Duration method, bool per_message = false) {
  Headers headers;
  for (const auto& field : fields) headers.Add(field.name, field.value);
  return *TimeAllowed(headers, method, per_message, {.fallback = seconds(30), .longest = seconds(60)});
}

TEST(DeadlineTest, TheClientThenTheMethodThenTheServerDecides) {
  EXPECT_EQ(Allowed({{"grpc-timeout", "5S"}, {"x-request-timeout", "7"}}, seconds(9)), seconds(5));
  EXPECT_EQ(Allowed({{"connect-timeout-ms", "6000"}, {"x-request-timeout", "7"}}, seconds(9)), seconds(6));
  EXPECT_EQ(Allowed({{"x-request-timeout", "7"}}, seconds(9)), seconds(7));
  EXPECT_EQ(Allowed({}, seconds(9)), seconds(9));
  EXPECT_EQ(Allowed({}, Duration::zero()), seconds(30));
  EXPECT_EQ(Allowed({{"grpc-timeout", "5H"}}, seconds(9)), seconds(60));
}

TEST(DeadlineTest, AStreamHasADeadlineOnlyWhenTheClientSetsOne) {
  EXPECT_EQ(Allowed({}, seconds(9), true), Duration::max());
  EXPECT_EQ(Allowed({{"grpc-timeout", "5S"}}, seconds(9), true), seconds(5));
}

TEST(DeadlineTest, AMalformedHeaderIsTheClientsError) {
  Headers headers;
  headers.Add("x-request-timeout", "soon");
  const auto allowed = TimeAllowed(headers, seconds(1), false, {});
  EXPECT_EQ(ReasonOf(allowed.status()), Reason::INVALID_REQUEST);
  EXPECT_EQ(FieldOf(allowed.status()), "x-request-timeout");
}

}  // namespace
}  // namespace sluice
