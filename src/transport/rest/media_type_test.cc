#include "transport/rest/media_type.h"

#include <gtest/gtest.h>

namespace sluice::rest {
namespace {

TEST(MediaTypeTest, Parses) {
  const auto type = ParseMediaType(" Multipart/Form-Data ; Boundary=\"a;b\\\"c\"; charset=UTF-8 ");
  ASSERT_TRUE(type.has_value());
  EXPECT_EQ(type->Name(), "multipart/form-data");
  EXPECT_EQ(type->Parameter("boundary"), "a;b\"c");
  EXPECT_EQ(type->Parameter("charset"), "UTF-8");
  EXPECT_EQ(type->Parameter("none"), "");
  EXPECT_TRUE(ParseMediaType("image/svg+xml;").has_value());
  for (const char* text : {"", "image", "image/", "/png", "image/png x", "image/png; a",
                           "image/png; a=", "image/png; a=\"b", "image/png; =b", "a b/c", "image/png; a=b c"}) {
    EXPECT_FALSE(ParseMediaType(text).has_value()) << text;
  }
}

TEST(MediaTypeTest, JsonIsUtf8) {
  const auto json = [](const char* text) { return IsJson(*ParseMediaType(text)); };
  EXPECT_TRUE(json("application/json"));
  EXPECT_TRUE(json("application/problem+json; charset=\"utf-8\""));
  EXPECT_FALSE(json("application/json; charset=utf-16"));
  EXPECT_FALSE(json("text/json5"));
}

TEST(MediaTypeTest, AcceptPicksTheBest) {
  const std::string_view offers[] = {"application/json", "text/event-stream", "application/x-ndjson"};
  EXPECT_EQ(BestMatch("", offers), 0);
  EXPECT_EQ(BestMatch("*/*", offers), 0);
  EXPECT_EQ(BestMatch("text/event-stream", offers), 1);
  EXPECT_EQ(BestMatch("text/*", offers), 1);
  EXPECT_EQ(BestMatch("application/*;q=0.5, application/x-ndjson", offers), 2);
  EXPECT_EQ(BestMatch("application/json;q=0.2, text/event-stream;q=0.9, */*;q=0.1", offers), 1);
  EXPECT_EQ(BestMatch("application/json;q=0, */*", offers), 1);
  EXPECT_EQ(BestMatch("image/png", offers), -1);
  EXPECT_EQ(BestMatch("*/*;q=0", offers), -1);
  EXPECT_EQ(BestMatch("application/json;q=junk", offers), -1);
  EXPECT_EQ(BestMatch("Application/JSON; x=\"a,b\";q=1", offers), 0);
  EXPECT_EQ(BestMatch(",, ,text/event-stream", offers), 1);
}

TEST(MediaTypeTest, LongListsAreReadInPart) {
  const auto repeated = [](std::string_view one, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += one;
    return all;
  };
  const std::string_view offers[] = {"application/json", "text/event-stream"};
  EXPECT_EQ(BestMatch(repeated("a/b,", 99) + "text/event-stream", offers), 1);
  EXPECT_EQ(BestMatch(repeated("a/b,", 100) + "text/event-stream", offers), -1);
  EXPECT_EQ(BestMatch("application/json" + repeated(";a=b", 100) + ";q=0", offers), 0);
  EXPECT_TRUE(ParseMediaType("a/b" + repeated(";a=b", 100)));
  EXPECT_FALSE(ParseMediaType("a/b" + repeated(";a=b", 101)));
}

TEST(MediaTypeTest, Codings) {
  EXPECT_EQ(CodingQuality("", "gzip"), 0);
  EXPECT_EQ(CodingQuality("", "identity"), 1);
  EXPECT_EQ(CodingQuality("gzip, deflate", "gzip"), 1);
  EXPECT_EQ(CodingQuality("GZIP;q=0.5", "gzip"), 0.5);
  EXPECT_EQ(CodingQuality("*", "gzip"), 1);
  EXPECT_EQ(CodingQuality("*, gzip;q=0", "gzip"), 0);
  EXPECT_EQ(CodingQuality("gzip;q=0", "gzip"), 0);
  for (const char* other : {"a", "a;q=0.1, b", "/", "/*", "x/*", "a/", ";", ";q=1", "\"", "\"a\\", "=", "\x80"}) {
    EXPECT_EQ(CodingQuality(other, "gzip"), 0) << other;
  }
}

TEST(MediaTypeTest, GzipIsForWhoLikesItAndForWhoTakesNothingElse) {
  struct Case {
    const char* accept;
    bool long_text, short_text;
  };
  for (const Case& c : {Case{"", false, false}, Case{"identity", false, false}, Case{"gzip", true, false},
                        Case{"gzip;q=0.1", true, false}, Case{"gzip;q=0", false, false}, Case{"*", true, false},
                        Case{"*;q=0, gzip", true, true}, Case{"identity;q=0, gzip", true, true},
                        Case{"identity;q=0, gzip;q=0", false, false}, Case{"gzip;q=0.5, identity", false, false},
                        Case{"gzip, identity;q=0.5", true, false}, Case{"br", false, false}}) {
    EXPECT_EQ(WantsGzip(c.accept, true), c.long_text) << c.accept;
    EXPECT_EQ(WantsGzip(c.accept, false), c.short_text) << c.accept;
  }
}

TEST(MediaTypeTest, OldNamesAreTheRegisteredOnes) {
  for (const auto& [sent, name] : {std::pair("image/jpg", "image/jpeg"),
                                   {"IMAGE/PJPEG; a=b", "image/jpeg"},
                                   {"image/x-png", "image/png"},
                                   {"text/json", "application/json"},
                                   {"application/jsonl", "application/x-ndjson"},
                                   {"image/gif", "image/gif"}})
    EXPECT_EQ(ParseMediaType(sent)->Name(), name) << sent;
  constexpr std::string_view kOffers[] = {"application/x-ndjson", "text/event-stream"};
  EXPECT_EQ(BestMatch("application/JSONL", kOffers), 0);
}

}  // namespace
}  // namespace sluice::rest
