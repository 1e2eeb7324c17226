#include "json/base64.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/escaping.h"
#include "base/strings.h"

namespace sluice::json {
namespace {

std::string Encode(std::string_view bytes) {
  std::string out;
  Base64Encode(bytes, out);
  return out;
}

bool Decodes(std::string_view text, std::string_view bytes) {
  std::string out;
  return Base64Decode(text, out) && out == bytes;
}

std::string RandomBytes(std::mt19937& random, size_t n) {
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Base64Test, EveryLengthAgreesWithAbseilInAllFourForms) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (size_t n = 0; n < 400; ++n) {
    const std::string bytes = RandomBytes(random, n);
    const std::string text = Encode(bytes);
    ASSERT_EQ(text, absl::Base64Escape(bytes)) << n;
    ASSERT_TRUE(Decodes(text, bytes)) << n;
    ASSERT_TRUE(Decodes(text.substr(0, text.find('=')), bytes)) << n;
    std::string web = absl::WebSafeBase64Escape(bytes);
    ASSERT_TRUE(Decodes(web, bytes)) << n;
    web.resize((web.size() + 3) / 4 * 4, '=');
    ASSERT_TRUE(Decodes(web, bytes)) << n;
  }
}

TEST(Base64Test, ALargeTextCrossesTheBuffers) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (const size_t n : {6143, 6144, 6145, 12288, 100'001}) {
    const std::string bytes = RandomBytes(random, n);
    ASSERT_EQ(Encode(bytes), absl::Base64Escape(bytes));
    ASSERT_TRUE(Decodes(Encode(bytes), bytes));
    ASSERT_TRUE(Decodes(absl::WebSafeBase64Escape(bytes), bytes));
  }
}

TEST(Base64Test, EveryByteOutsideTheAlphabetIsRefusedAtEveryPlace) {
  const std::string good(160, 'A');
  for (int c = 0; c < 256; ++c) {
    const bool standard = std::isalnum(c) != 0 || c == '+' || c == '/';
    const bool url = c == '-' || c == '_';
    for (size_t at : {0, 1, 31, 32, 63, 95, 127, 130, 158}) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      std::string out;
      Base64Error error;
      ASSERT_EQ(Base64Decode(text, out, &error), standard || url) << c << " at " << at;
      if (!standard && !url) {
        ASSERT_EQ(error.position, at) << c;
      }
      // With a character of each alphabet around it, both cannot be right.
      text[100] = '+';
      ASSERT_EQ(Base64Decode(text, out), standard) << c << " at " << at;
      text[100] = '_';
      ASSERT_EQ(Base64Decode(text, out), url || std::isalnum(c) != 0) << c << " at " << at;
    }
  }
}

TEST(Base64Test, CutAndStrayTextsAreRefused) {
  for (const char* text : {"A",      "AAAAA",    "=",      "==",           "A=",
                           "A==",    "A===",     "AA=",    "AAA==",        "AAAA=",
                           "AAAA==", "AA==AA==", "AB",     "AAB",          "AB==",
                           "AAB=",   "AA A",     "AAAA\n", "QUJD\r\nQUJD", "data:image/png;base64,AAAA"}) {
    std::string out;
    EXPECT_FALSE(Base64Decode(text, out)) << text;
  }
}

TEST(Base64Test, TheReasonSaysWhatToDo) {
  std::string out;
  Base64Error error;
  EXPECT_FALSE(Base64Decode("AAAA\nAAAA", out, &error));
  EXPECT_EQ(error.reason, "has white space at character 4; send base64 without line breaks");
  EXPECT_FALSE(Base64Decode("data:image/png;base64,AAAA", out, &error));
  EXPECT_EQ(error.reason, "is a data URL; send only the base64 after the comma");
  EXPECT_FALSE(Base64Decode("AAAA*AAA", out, &error));
  EXPECT_EQ(error.reason, "is not base64: character 4 is '*'");
}

}  // namespace
}  // namespace sluice::json
