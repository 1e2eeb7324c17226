#include "transport/rest/multipart.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/strings.h"

namespace sluice::rest {
namespace {

constexpr std::string_view kBody =
    "--b\r\n"
    "Content-Disposition: form-data; name=\"image\"; filename=\"a \\\"1\\\".jpg\"\r\n"
    "Content-Type: image/jpeg\r\n"
    "\r\n"
    "\xff\xd8\r\n--B\r\n-- \r\n"
    "\r\n--b  \r\n"
    "content-disposition:form-data;name=model_id\r\n"
    "\r\n"
    "\r\n--b--\r\nepilogue";

TEST(MultipartTest, FilesAndFields) {
  const auto parts = ParseMultipart(kBody, "b");
  ASSERT_TRUE(parts.ok()) << parts.status();
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].name, "image");
  EXPECT_EQ((*parts)[0].filename, "a \"1\".jpg");
  EXPECT_EQ((*parts)[0].content_type, "image/jpeg");
  EXPECT_EQ((*parts)[0].data, "\xff\xd8\r\n--B\r\n-- \r\n");
  EXPECT_EQ((*parts)[1].name, "model_id");
  EXPECT_EQ((*parts)[1].data, "");
}

TEST(MultipartTest, PreambleEmptyPartAndNoParts) {
  const auto parts = ParseMultipart("hello\r\n--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--x--", "x");
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ((*parts)[0].data, "");
  EXPECT_EQ(ParseMultipart("--x--", "x")->size(), 0u);
}

TEST(MultipartTest, ABodyCutAnywhereIsRefused) {
  const std::string_view whole = kBody.substr(0, kBody.find("\r\nepilogue"));
  for (size_t n = 0; n < whole.size(); ++n) {
    const auto parts = ParseMultipart(whole.substr(0, n), "b");
    ASSERT_FALSE(parts.ok()) << n;
    ASSERT_EQ(ReasonOf(parts.status()), Reason::INVALID_BODY);
  }
}

TEST(MultipartTest, WhatIsNotMultipartIsRefused) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=a";
  for (const std::string& body :
       {std::string(), std::string("hello"), std::string("--c\r\n\r\n--c--"), std::string("--bx\r\n\r\n--b--"),
        std::string("--b\r\n\r\nx\r\n--b--"), std::string("--b\r\nno colon\r\n\r\nx\r\n--b--"),
        std::string("--b\r\n: x\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--"),
        StrCat(head, "\r\n\r\nx\n--b--"), StrCat(head, "\n\nx\r\n--b--"),
        StrCat(head, "\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--"),
        StrCat(head, "\r\nX: ", std::string(5000, 'x'), "\r\n\r\nx\r\n--b--")}) {
    EXPECT_FALSE(ParseMultipart(body, "b").ok()) << body.substr(0, 200);
  }
  for (const std::string& boundary : {std::string(), std::string(71, 'x'), std::string("a\r\n"), std::string("a ")}) {
    EXPECT_FALSE(ParseMultipart("--a--", boundary).ok());
  }
}

TEST(MultipartTest, PartsAreCounted) {
  const auto body = [](int parts) {
    std::string text;
    for (int i = 0; i < parts; ++i) text += "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
    return text + "--b--";
  };
  EXPECT_EQ(ParseMultipart(body(64), "b")->size(), 64u);
  EXPECT_FALSE(ParseMultipart(body(65), "b").ok());
}

}  // namespace
}  // namespace sluice::rest
