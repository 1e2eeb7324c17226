#include "transport/http/canonical.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string Added(std::string_view name, std::string_view value) {
  Headers headers;
  AddRequestHeader(name, value, headers);
  return std::string(headers.Get(name));
}

TEST(CanonicalTest, TypesAndCodingsHaveOneSpelling) {
  struct Case {
    const char *name, *sent, *seen;
  };
  for (const Case& c : {
           Case{"content-type", "Application/JSON", "application/json"},
           Case{"content-type", "application/json", "application/json"},
           Case{"content-type", "image/JPG;Q=A", "image/jpeg;Q=A"},
           Case{"content-type", "multipart/Form-Data; boundary=AbC", "multipart/form-data; boundary=AbC"},
           Case{"content-type", "Application/gRPC+Proto", "application/grpc+proto"},
           Case{"content-type", "\xFF\xFE", "\xFF\xFE"},
           Case{"content-type", "", ""},
           Case{"content-encoding", "X-GZIP", "gzip"},
           Case{"content-encoding", "x-gzip", "gzip"},
           Case{"grpc-encoding", "Gzip", "gzip"},
           Case{"accept-encoding", "X-Gzip;Q=0.5, Identity", "gzip;q=0.5, identity"},
           Case{"x-own", "X-GZIP", "X-GZIP"},
           Case{"accept", "Image/JPG", "Image/JPG"},
       })
    EXPECT_EQ(Added(c.name, c.sent), c.seen) << c.name << ": " << c.sent;
}

TEST(CanonicalTest, TokensOfAListInAnyCaseAndOnAnyLine) {
  Headers headers;
  headers.Add("te", "deflate;q=0.5 , Trailers");
  headers.Add("te", "gzip");
  EXPECT_TRUE(HasToken(headers, "te", "trailers"));
  EXPECT_TRUE(HasToken(headers, "te", "GZIP"));
  EXPECT_FALSE(HasToken(headers, "te", "trail"));
  EXPECT_FALSE(HasToken(headers, "connection", "trailers"));
  EXPECT_EQ(JoinedHeader(headers, "te"), "deflate;q=0.5 , Trailers, gzip");
  EXPECT_EQ(JoinedHeader(headers, "none"), "");
}

}  // namespace
}  // namespace sluice::http
